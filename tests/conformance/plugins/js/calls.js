// Calls of the gateway's services, and what came of them.
import { http, info, kv, log, metrics, models, secrets, ServiceError, state } from "@tidegate/plugin";

import { content, fields, show, verdict } from "./data.js";
import { fields as seenFields } from "./seen.js";

function told({ code, detail }) {
  return { error: code === "unavailable" || code === "failed" ? `${code}: ${detail}` : code };
}

function note(key) {
  const found = state.get(key);
  return found ? show(found) : null;
}

function get(key) {
  const entry = kv.get(key);
  return entry ? { value: show(entry.value), version: entry.version } : null;
}

const set = ({ key, value, ttl_ms, if_version }) =>
  kv.set(key, content(value), { ttlMs: ttl_ms, ifVersion: if_version });

const request = ({ url, method, headers, body, timeout_ms }) => ({
  url,
  method: method ?? "GET",
  headers: fields(headers),
  body: content(body),
  timeoutMs: timeout_ms,
});

const answer = (reply) =>
  reply instanceof ServiceError
    ? told(reply)
    : { status: reply.status, headers: seenFields(reply.headers), body: show(reply.body) };

function oneRequest(wanted) {
  try {
    return answer(http.send(request(wanted)));
  } catch (error) {
    return answer(error);
  }
}

const CALLS = {
  attribute: (name) => info.attribute(name),
  note,
  set_note: ([key, value]) => state.set(key, content(value)),
  secret: (name) => secrets.get(name),
  model: ([route, body]) => models.ask(route, body),
  get,
  set,
  delete: (key) => kv.delete(key),
  increment: ({ key, by, ttl_ms }) => kv.increment(key, by ?? 1, { ttlMs: ttl_ms }),
  http: (wanted) => (wanted.length === 1 ? wanted.map(oneRequest) : http.sendAll(wanted.map(request)).map(answer)),
  count: ({ name, by, labels }) => metrics.count(name, by ?? 1, labels),
  observe: ({ name, value, labels }) => metrics.observe(name, value, labels),
  log: ({ level, message, fields: named }) => log[level ?? "info"](message, named),
};

/** The result of one call, as JSON. */
export function call(wanted) {
  const [name, value] = verdict(wanted);
  if (!Object.hasOwn(CALLS, name)) throw new Error(`the conformance plugin has no call "${name}"`);
  try {
    return CALLS[name](value) ?? null;
  } catch (error) {
    if (error instanceof ServiceError) return told(error);
    throw error;
  }
}
