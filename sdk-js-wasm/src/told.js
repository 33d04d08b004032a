// What a hook is told, in the shape that authors see.
import { option, unsigned } from "./engine.js";
import { byteLength, decode, splits } from "./utf8.js";

const principal = ({ id, tenant, attributes }) => ({
  id,
  tenant: option(tenant),
  attributes: Object.fromEntries(attributes),
});

const unsignedOption = (number) => (number == null ? undefined : unsigned(number));

/** The context of a call. */
export const context = (ctx) => ({
  requestId: ctx.requestId,
  route: ctx.route,
  dialect: ctx.dialect,
  operation: ctx.operation,
  model: option(ctx.model),
  principal: ctx.principal == null ? undefined : principal(ctx.principal),
  streaming: ctx.streaming,
  attempt: unsigned(ctx.attempt),
  deadlineMs: unsigned(ctx.deadlineMs),
});

/** The fields of a message: repeated ones are repeated, in order. */
export class Headers {
  constructor(fields) {
    this.fields = fields.map(({ name, value }) => ({ name, value: Uint8Array.from(value) }));
  }

  get(name) {
    const found = this.fields.find((field) => field.name === name);
    return found && decode(found.value);
  }

  all(name) {
    return this.fields.filter((field) => field.name === name).map((field) => field.value);
  }

  *[Symbol.iterator]() {
    for (const { name, value } of this.fields) yield [name, value];
  }
}

const bytesOption = (bytes) => (bytes == null ? undefined : Uint8Array.from(bytes));

/** The head of a request. */
export const head = (from) => ({
  method: from.method,
  scheme: from.scheme,
  authority: from.authority,
  path: from.path,
  query: from.query,
  headers: new Headers(from.headers),
  client: {
    address: from.client.address,
    certificateSha256: bytesOption(from.client.certificateSha256),
    names: from.client.names,
  },
  bodySha256: bytesOption(from.bodySha256),
});

/** Tokens. */
export const usage = (from) => ({
  input: Number(from.input),
  output: Number(from.output),
  cachedInput: Number(from.cachedInput),
  cacheWrite: Number(from.cacheWrite),
  reasoning: Number(from.reasoning),
  costMicroUsd: from.costMicroUsd == null ? undefined : Number(from.costMicroUsd),
  estimated: from.estimated,
});

/** `~1` is a slash and `~0` a tilde (RFC 6901). */
const tokens = (pointer) =>
  pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

function step(value, token) {
  if (Array.isArray(value)) return /^(0|[1-9][0-9]*)$/.test(token) ? value[Number(token)] : undefined;
  return value !== null && typeof value === "object" && Object.hasOwn(value, token) ? value[token] : undefined;
}

/** A body, or the part of it that the subscription asked for. Parsed when it is first looked into, and once. */
export class Body {
  #payload;
  #tree;

  constructor(payload) {
    this.#payload = payload;
  }

  get kind() {
    return this.#payload.tag;
  }

  get text() {
    return this.kind === "whole" ? this.#payload.val : undefined;
  }

  get mediaType() {
    return this.kind === "opaque" ? this.#payload.val : undefined;
  }

  json() {
    if (this.kind !== "whole") throw new Error("the body is not here as a whole; subscribe to all of it");
    this.#tree ??= { root: JSON.parse(this.#payload.val) };
    return this.#tree.root;
  }

  get(pointer) {
    if (this.kind === "fields") return this.fields[pointer];
    return this.kind === "whole" ? tokens(pointer).reduce(step, this.json()) : undefined;
  }

  get fields() {
    const places = this.kind === "fields" ? this.#payload.val : [];
    this.#tree ??= { fields: Object.fromEntries(places.map(({ pointer, value }) => [pointer, JSON.parse(value)])) };
    return this.#tree.fields ?? {};
  }
}

/** One event of a stream. Its data is parsed when it is first looked at. */
export class Event {
  #json;
  #data;

  constructor({ name, data }) {
    this.name = option(name);
    this.#json = data;
  }

  get text() {
    return this.#json;
  }

  get data() {
    this.#data ??= { value: JSON.parse(this.#json) };
    return this.#data.value;
  }
}

/** A piece of text. Indices are those of the language's strings; bytes are the contract's. */
export class Text {
  constructor(from) {
    this.id = unsigned(from.id);
    this.role = from.role ?? "user";
    this.kind = from.kind ?? "text";
    this.content = from.content;
    this.start = Number(from.start ?? 0);
    this.released = unsigned(from.released ?? 0);
    this.complete = from.complete ?? true;
    this.newTurn = from.newTurn ?? true;
  }

  size(from = 0, to = this.content.length) {
    return byteLength(this.content, from, to);
  }

  edit(from, to, replacement) {
    const { content, id } = this;
    const first = splits(content, from) ? from - 1 : from;
    const last = splits(content, to) ? to + 1 : to;
    const start = byteLength(content, 0, first);
    return { id, start, end: start + byteLength(content, first, last), replacement };
  }
}

/** The finished exchange. */
export const outcome = (from) => ({
  status: from.status,
  error: option(from.error),
  cluster: option(from.cluster),
  attempts: unsigned(from.attempts),
  durationMs: unsigned(from.durationMs),
  firstTokenMs: unsignedOption(from.firstTokenMs),
  usage: usage(from.usage),
  findings: from.findings.map(({ category, score, text, detail }) => ({
    category,
    score: option(score),
    text: unsignedOption(text),
    detail,
  })),
  cancelled: from.cancelled,
});
