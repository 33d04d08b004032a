// What a call was given, as JSON, down to the last field.
import { hex, show } from "./data.js";

const some = (value) => value ?? null;

const principal = ({ id, tenant, attributes }) => ({ id, tenant: some(tenant), attributes });

export const context = (ctx) => ({
  request_id: ctx.requestId,
  route: ctx.route,
  dialect: ctx.dialect,
  operation: ctx.operation,
  model: some(ctx.model),
  principal: ctx.principal ? principal(ctx.principal) : null,
  streaming: ctx.streaming,
  attempt: ctx.attempt,
  in_time: ctx.deadlineMs > 0,
});

export const fields = (headers) => [...headers].map(([name, value]) => [name, show(value)]);

const digest = (bytes) => (bytes ? hex(bytes) : null);

export const head = (told) => ({
  method: told.method,
  scheme: told.scheme,
  authority: told.authority,
  path: told.path,
  query: told.query,
  headers: fields(told.headers),
  client: {
    address: told.client.address,
    certificate_sha256: digest(told.client.certificateSha256),
    names: told.client.names,
  },
  body_sha256: digest(told.bodySha256),
});

export const usage = (told) => ({
  input: told.input,
  output: told.output,
  cached_input: told.cachedInput,
  cache_write: told.cacheWrite,
  reasoning: told.reasoning,
  cost_micro_usd: some(told.costMicroUsd),
  estimated: told.estimated,
});

function body(told) {
  if (told.kind === "opaque") return { opaque: told.mediaType };
  if (told.kind === "fields") return { fields: told.fields };
  return told.kind === "whole" ? { whole: told.json() } : "absent";
}

export const message = (headers, told) => ({ headers: fields(headers), body: body(told) });

export const texts = (told) =>
  told.map((text) => ({
    id: text.id,
    role: text.role,
    kind: text.kind,
    content: text.content,
    start: text.start,
    released: text.released,
    complete: text.complete,
    new_turn: text.newTurn,
    bytes: text.size(),
  }));

const finding = ({ category, score, text, detail }) => ({ category, score: some(score), text: some(text), detail });

export const outcome = (told) => ({
  status: told.status,
  error: some(told.error),
  cluster: some(told.cluster),
  attempts: told.attempts,
  duration_ms: told.durationMs,
  first_token_ms: some(told.firstTokenMs),
  usage: usage(told.usage),
  findings: told.findings.map(finding),
  cancelled: told.cancelled,
});
