// What the hooks answer with. A verdict is a frozen object of the contract's shape under a tag that names its hooks.
import { word } from "./engine.js";
import { toBytes, wellFormed } from "./utf8.js";

/** What hooks of one kind answer; `of` is what the contract calls it. */
export class Verdict {
  constructor(kind, value) {
    this.kind = kind;
    this.value = value;
  }
}

const field = (name, value) => ({ name, value: toBytes(value) });

/** `{name: value}` and `{name: [value, value]}` as fields. */
export function toFields(headers = {}) {
  return Object.entries(headers).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((value) => field(name, value)),
  );
}

const headerEdit = ([kind, name, value]) => ({ tag: kind, val: kind === "remove" ? name : field(name, value) });

/** A list of edits as it is; an object takes away, sets and adds, in this order. */
function toHeaderEdits(headers = []) {
  if (Array.isArray(headers)) return headers.map(headerEdit);
  return [
    ...(headers.remove ?? []).map((name) => headerEdit(["remove", name])),
    ...toFields(headers.set).map((val) => ({ tag: "set", val })),
    ...toFields(headers.add).map((val) => ({ tag: "add", val })),
  ];
}

const refusal = (status, code, message, { headers } = {}) => ({
  status,
  code: wellFormed(code),
  message: wellFormed(message),
  headers: toFields(headers),
});

export const pass = () => new Verdict("auth", { tag: "pass" });

export function grant(id, { tenant, attributes = {}, headers } = {}) {
  const principal = {
    id: wellFormed(id),
    tenant: tenant ?? null,
    attributes: Object.entries(attributes).map(([name, value]) => [name, String(value)]),
  };
  return new Verdict("auth", { tag: "allow", val: { principal, headers: toHeaderEdits(headers) } });
}

export const deny = (status, code, message, options) =>
  new Verdict("auth", { tag: "deny", val: refusal(status, code, message, options) });

export const admit = (ticket) =>
  new Verdict("admission", { tag: "admitted", val: ticket == null ? null : wellFormed(ticket) });

export const refuse = (status, code, message, options) =>
  new Verdict("admission", { tag: "refused", val: refusal(status, code, message, options) });

export const unchanged = () => new Verdict("transform", { tag: "unchanged" });

const place = (pointer, value) => ({ pointer, value: JSON.stringify(value) ?? "null" });

const jsonEdit = ([kind, pointer, value]) => ({ tag: kind, val: kind === "remove" ? pointer : place(pointer, value) });

function bodyChange({ set = {}, remove = [], edits = [], replace }) {
  if (replace !== undefined) return { tag: "replace", val: JSON.stringify(replace) };
  const all = [
    ...remove.map((pointer) => ["remove", pointer]),
    ...Object.entries(set).map(([pointer, value]) => ["set", pointer, value]),
    ...edits,
  ];
  return all.length > 0 ? { tag: "edits", val: all.map(jsonEdit) } : null;
}

export const changed = (change = {}) =>
  new Verdict("transform", {
    tag: "changed",
    val: {
      headers: toHeaderEdits(change.headers),
      body: bodyChange(change),
      cluster: change.cluster ?? null,
      reroute: change.reroute ?? false,
    },
  });

export const reply = (status, body = "", { headers } = {}) =>
  new Verdict("transform", { tag: "reply", val: { status, headers: toFields(headers), body: toBytes(body) } });

export const keep = () => new Verdict("event", { tag: "keep" });

export const replace = (events) =>
  new Verdict("event", {
    tag: "replace",
    val: events.map(({ name, data }) => ({ name: name ?? null, data: JSON.stringify(data) ?? "null" })),
  });

export const drop = () => new Verdict("event", { tag: "drop" });

const finding = ({ category, score, text, detail = "" }) => ({
  category,
  score: score ?? null,
  text: text == null ? null : word(text),
  detail: wellFormed(detail),
});

/** `{id: bytes}` or a Map of them. */
const toHold = (hold = {}) =>
  (hold instanceof Map ? [...hold] : Object.entries(hold)).map(([id, bytes]) => [word(Number(id)), word(bytes)]);

const judged = (judgement, { findings = [], hold } = {}) =>
  new Verdict("moderation", { judgement, findings: findings.map(finding), hold: toHold(hold) });

export const allow = (options) => judged({ tag: "allow" }, options);

export const flag = (findings, options) => judged({ tag: "allow" }, { ...options, findings });

const textEdit = ({ id, start, end, replacement }) => ({
  id: word(id),
  start: word(start),
  end: word(end),
  replacement: wellFormed(replacement),
});

export const redact = (edits, options) =>
  judged(edits.length > 0 ? { tag: "edit", val: edits.map(textEdit) } : { tag: "allow" }, options);

export const block = (reason, options) => judged({ tag: "block", val: wellFormed(reason) }, options);
