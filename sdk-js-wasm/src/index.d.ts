/** A value that JSON has. Numbers beyond 2^53 lose their last digits, as everywhere in the language. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A text, which becomes UTF-8, or bytes. */
export type Bytes = string | Uint8Array;

/** Fields by name; those of a list are repeated. */
export type Fields = Record<string, Bytes | Bytes[]>;

/** A verified identity. */
export interface Principal {
  id: string;
  tenant?: string;
  attributes: Record<string, string>;
}

/**
 * What every hook knows of its request.
 *
 * Dialects: `openai`, `anthropic`. Operations: `chat`, `completion`, `embeddings`, `responses`, `responses_input_tokens`, `messages`,
 * `count_tokens`, `models`, `other`.
 */
export interface Context {
  requestId: string;
  /** Empty before a route is picked. */
  route: string;
  dialect: string;
  operation: string;
  /** The client's name for it, until a filter changes it. */
  model?: string;
  principal?: Principal;
  streaming: boolean;
  /** Counts tries upstream from 1; 0 before the first. */
  attempt: number;
  /** Milliseconds that are left for this call. */
  deadlineMs: number;
}

/** The fields of a message: names in lower case, repeated fields repeated, in order. Iterates over names and bytes. */
export class Headers implements Iterable<[name: string, value: Uint8Array]> {
  /** These fields; for tests of a plugin. */
  constructor(fields: Iterable<{ name: string; value: Uint8Array }>);
  /** All fields. */
  readonly fields: readonly { name: string; value: Uint8Array }[];
  /** The value of the first field of that name, where it is text. */
  get(name: string): string | undefined;
  /** The values of all fields of that name. */
  all(name: string): Uint8Array[];
  [Symbol.iterator](): Iterator<[name: string, value: Uint8Array]>;
}

/** Who called. Certificate (SHA-256) and names are those of a client that showed one. */
export interface Peer {
  address: string;
  certificateSha256?: Uint8Array;
  names: string[];
}

/** The head of a request, normalised: the path that is routed is this path. */
export interface Head {
  method: string;
  scheme: string;
  authority: string;
  path: string;
  query: string;
  headers: Headers;
  client: Peer;
  /** Only where it was subscribed to. */
  bodySha256?: Uint8Array;
}

/** Tokens; `input` includes `cachedInput` and `cacheWrite`, `output` includes `reasoning`. Exact to 2^53. */
export interface Usage {
  input: number;
  output: number;
  cachedInput: number;
  cacheWrite: number;
  reasoning: number;
  costMicroUsd?: number;
  estimated: boolean;
}

/** A body, or the part of it that the subscription asked for. Parsed when it is first looked into, and once. */
export class Body {
  /** For tests of a plugin, in the contract's own shape: `new Body({ tag: "whole", val: "{}" })`. */
  constructor(
    payload:
      | { tag: "absent" }
      | { tag: "whole" | "opaque"; val: string }
      | { tag: "fields"; val: { pointer: string; value: string }[] },
  );
  /** What there is of it. */
  readonly kind: "absent" | "fields" | "whole" | "opaque";
  /** All of it as JSON text, where all was asked for. */
  readonly text: string | undefined;
  /** The media type of a body that is no JSON. */
  readonly mediaType: string | undefined;
  /** The places that were asked for and are there, by their pointers. */
  readonly fields: Record<string, Json>;
  /** What stands at a pointer (RFC 6901): of all of the body, or of the places that were asked for. */
  get(pointer: string): Json | undefined;
  /** All of it. Throws where not all was asked for. */
  json(): Json;
}

/** One event of a stream. */
export class Event {
  /** For tests of a plugin: the data as JSON text. */
  constructor(event: { name?: string | null; data: string });
  readonly name: string | undefined;
  /** Parsed when it is first looked at. */
  readonly data: Json;
  /** The data as JSON text. */
  readonly text: string;
}

/** An edit of a text, made by `Text.edit`. Its offsets are bytes of UTF-8. */
export interface TextEdit {
  id: number;
  start: number;
  end: number;
  replacement: string;
}

/**
 * A piece of text that a model reads or wrote. Roles: `system`, `user`, `assistant`, `tool`. Kinds: `text`, `reasoning`, `refusal`,
 * `tool-arguments`, `tool-result`, `transcript`, `media` (content type and source, never bytes).
 */
export class Text {
  /** For tests of a plugin: what is left out stands for a user's complete text. */
  constructor(
    text: Partial<Pick<Text, "role" | "kind" | "start" | "released" | "complete" | "newTurn">> & {
      id: number;
      content: string;
    },
  );
  /** Stable through a request. */
  readonly id: number;
  readonly role: string;
  readonly kind: string;
  readonly content: string;
  /** In a stream: at which byte of the whole text `content` starts. */
  readonly start: number;
  /** In a stream: how many bytes of `content` have left already. They are context, and not to be edited. */
  readonly released: number;
  readonly complete: boolean;
  /** Was not in an earlier request of the same conversation. */
  readonly newTurn: boolean;
  /** Replaces `content.slice(from, to)`. An index between the halves of a character takes all of it. */
  edit(from: number, to: number, replacement: string): TextEdit;
  /** How many bytes `content.slice(from, to)` is, for `hold`. */
  size(from?: number, to?: number): number;
}

/** What was found, for logs and metrics. */
export interface Finding {
  /** A short fixed word such as `email`. */
  category: string;
  /** How sure it is, 0 to 1. */
  score?: number;
  /** The id of the text. */
  text?: number;
  /** For people; never what was found itself. */
  detail?: string;
}

/** The finished exchange. Times are milliseconds. */
export interface Outcome {
  status: number;
  error?: string;
  cluster?: string;
  attempts: number;
  durationMs: number;
  firstTokenMs?: number;
  usage: Usage;
  findings: Finding[];
  cancelled: boolean;
}

declare const kind: unique symbol;
/** Any verdict. Tests look at `value`, which has the shape of the contract. */
export interface Verdict {
  readonly value: unknown;
}

/** The answer of `authenticate`: `pass`, `grant` or `deny`. */
export interface Auth extends Verdict {
  readonly [kind]: "auth";
}
/** The answer of the hook `admit`: `admit` or `refuse`. */
export interface Admission extends Verdict {
  readonly [kind]: "admission";
}
/** The answer of the transform hooks: `unchanged`, `changed` or `reply`. */
export interface Transform extends Verdict {
  readonly [kind]: "transform";
}
/** The answer of `transformEvent`: `keep`, `replace` or `drop`. */
export interface EventVerdict extends Verdict {
  readonly [kind]: "event";
}
/** The answer of the moderation hooks: `allow`, `flag`, `redact` or `block`. */
export interface Moderation extends Verdict {
  readonly [kind]: "moderation";
}

/** A change of fields. */
export type HeaderEdit = ["set" | "add", name: string, value: Bytes] | ["remove", name: string];
/** Changes of fields: a list in its order, or an object that removes, then sets, then adds. */
export type HeaderEdits = HeaderEdit[] | { remove?: string[]; set?: Fields; add?: Fields };
/** A change of a place (RFC 6901). `set` replaces or creates; `insert` puts before an element, `-` appends. */
export type JsonEdit = ["set" | "insert", pointer: string, value: Json] | ["remove", pointer: string];

/** No credential of this plugin's kind is here: the next filter is asked. A request that nobody grants is a 401. */
export function pass(): Auth;
/** The credential is good, and this is who calls. The edits hold for all that follows. */
export function grant(
  id: string,
  options?: { tenant?: string; attributes?: Record<string, string>; headers?: HeaderEdits },
): Auth;
/** The credential is of this plugin's kind, and wrong. The status is 400 to 599; nothing may hold a secret. */
export function deny(status: number, code: string, message: string, options?: { headers?: Fields }): Auth;

/** It may be spent. With a ticket `settle` is told what was used, exactly once. */
export function admit(ticket?: string): Admission;
/** It may not. The status is 400 to 599, the code a short word such as `quota_exceeded`, the message a sentence for people. */
export function refuse(status: number, code: string, message: string, options?: { headers?: Fields }): Admission;

/** Nothing changes. */
export function unchanged(): Transform;
/** What is named changes. Of the body: `remove`, then `set` by pointers, then `edits` in their order; or `replace` for all of it. */
export function changed(change?: {
  remove?: string[];
  set?: Record<string, Json>;
  edits?: JsonEdit[];
  replace?: Json;
  headers?: HeaderEdits;
  /** Sends the request there in place of the route's own. */
  cluster?: string;
  /** Picks the route anew; once a request. */
  reroute?: boolean;
}): Transform;
/** The exchange ends with this answer of the plugin's own. The status is 200 to 599. */
export function reply(status: number, body?: Bytes, options?: { headers?: Fields }): Transform;

/** The event passes as it came. */
export function keep(): EventVerdict;
/** These pass in its place. */
export function replace(events: { name?: string; data: Json }[]): EventVerdict;
/** The event does not pass. */
export function drop(): EventVerdict;

/** Of every moderation verdict: findings, and of a stream how many bytes at the end of a text to keep back, by its id. */
export interface ModerationOptions {
  findings?: Finding[];
  hold?: Record<number, number> | Map<number, number>;
}
/** The texts pass. */
export function allow(options?: ModerationOptions): Moderation;
/** The texts pass, and what was found is counted and logged. */
export function flag(findings: Finding[], options?: Omit<ModerationOptions, "findings">): Moderation;
/** The texts pass with these edits: for each text in order and without overlap. Without any it is `allow`. */
export function redact(edits: TextEdit[], options?: ModerationOptions): Moderation;
/** The exchange ends; the reason is told to the client. */
export function block(reason: string, options?: ModerationOptions): Moderation;

/** A hook by the name of its method. */
export type Hook =
  | "authenticate"
  | "admit"
  | "settle"
  | "transformRequest"
  | "transformUpstream"
  | "transformResponse"
  | "transformEvent"
  | "moderateInput"
  | "moderateOutput"
  | "completed";

/** What is handed over: of a JSON body a list names pointers (RFC 6901), of header fields their names in lower case. */
export type Need = "nothing" | "whole" | string[];

/** Narrows what was written, for this configuration. */
export interface Subscription {
  /** These, of those that were written. */
  hooks?: Hook[];
  /** All that were written but these. */
  without?: Hook[];
  /** For `authenticate` and the transforms; left out: all. */
  headers?: Need;
  /** For `transformRequest` and `transformUpstream`; left out: whole, where one of them is subscribed. */
  requestBody?: Need;
  /** For `transformResponse`; left out: whole, where it is subscribed. */
  responseBody?: Need;
  /** The SHA-256 of the body in `authenticate`; the body is read first then. */
  bodyDigest?: boolean;
  /** How a stream is cut for `moderateOutput`, in bytes; left out: as the manifest says. */
  windows?: {
    mode: "carry" | "window" | "full" | "watch";
    min?: number;
    max?: number;
    overlap?: number;
    maxMatch?: number;
    maxHoldMs?: number;
  };
  /** Those that the transforms understand; none stands for `openai`. */
  dialects?: string[];
}

/**
 * A plugin: the default export of its module. Every method may be left out; the gateway is told of those that are written. A hook that
 * gives nothing changes nothing. What is thrown is a failure of the plugin and never a verdict; none may be async.
 */
export interface Plugin<Config = any> {
  /** Called once, first, on every instance. What is thrown is one sentence for the operator. */
  configure?(config: Config): Subscription | void;
  /** Who is calling. Before anything of the body is trusted. */
  authenticate?(ctx: Context, head: Head): Auth | void;
  /** May it be spent. `estimate` is made from the size of the request. */
  admit?(ctx: Context, estimate: Usage): Admission | void;
  /** What was spent under a ticket; exactly once, also after a cancel. */
  settle?(ctx: Context, ticket: string, actual: Usage): void;
  /** The request, in the client's dialect. */
  transformRequest?(ctx: Context, headers: Headers, body: Body): Transform | void;
  /** The request of one attempt, in the provider's dialect. */
  transformUpstream?(ctx: Context, headers: Headers, body: Body): Transform | void;
  /** The answer; of a stream its head, with an absent body. */
  transformResponse?(ctx: Context, status: number, headers: Headers, body: Body): Transform | void;
  /** One event of a streamed answer. */
  transformEvent?(ctx: Context, event: Event): EventVerdict | void;
  /** The texts of the request, once. */
  moderateInput?(ctx: Context, texts: Text[]): Moderation | void;
  /** The texts of the answer, or windows of a stream; `last` in the last call. */
  moderateOutput?(ctx: Context, texts: Text[], last: boolean): Moderation | void;
  /** The finished exchange, off its path. Not for money: that is `settle`. */
  completed?(ctx: Context, outcome: Outcome): void;
}

export { http, info, kv, log, metrics, models, secrets, ServiceError, state } from "./services.js";
