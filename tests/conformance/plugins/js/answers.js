// Verdicts made of JSON: `answer` of a hook's plan, in the form of `out` of a case.
import {
  admit,
  allow,
  block,
  changed,
  deny,
  drop,
  flag,
  grant,
  keep,
  pass,
  redact,
  refuse,
  replace,
  reply,
  unchanged,
} from "@tidegate/plugin";

import { content, fields, verdict } from "./data.js";

export function subscription(asked, plans) {
  const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  const keys = (object) => Object.fromEntries(Object.entries(object).map(([name, value]) => [camel(name), value]));
  return {
    hooks: Object.keys(plans).map(camel),
    headers: asked.headers ?? "whole",
    requestBody: asked.request_body ?? "nothing",
    responseBody: asked.response_body ?? "nothing",
    bodyDigest: asked.body_digest ?? false,
    windows: asked.windows ? keys(asked.windows) : undefined,
    dialects: asked.dialects ?? [],
  };
}

function unknown(name) {
  return new Error(`the conformance plugin has no answer "${name}" for this hook`);
}

const headerEdits = (edits = []) =>
  edits.map((edit) => {
    const [kind, value] = verdict(edit);
    return kind === "remove" ? [kind, value] : [kind, value.name, content(value.value)];
  });

const jsonEdit = (edit) => {
  const [kind, value] = verdict(edit);
  return kind === "remove" ? [kind, value] : [kind, value.pointer, value.value];
};

const refusal = (make, { status, code, message, headers }) => make(status, code, message, { headers: fields(headers) });

export function auth({ answer }, told) {
  const [name, value] = verdict(answer);
  if (name === undefined) return undefined;
  if (name === "pass") return pass();
  if (name === "echo") return grant("echo", { attributes: { echo: told } });
  if (name === "deny") return refusal(deny, value);
  if (name !== "allow") throw unknown(name);
  const { id, tenant, attributes } = value.principal;
  return grant(id, { tenant, attributes, headers: headerEdits(value.headers) });
}

export function admission({ answer }, told) {
  const [name, value] = verdict(answer);
  if (name === undefined) return undefined;
  if (name === "echo") return admit(told);
  if (name === "admitted") return admit(value);
  if (name === "refused") return refusal(refuse, value);
  throw unknown(name);
}

export function transform({ answer }, told) {
  const [name, value] = verdict(answer);
  if (name === undefined) return undefined;
  if (name === "unchanged") return unchanged();
  if (name === "echo") return reply(200, told);
  if (name === "reply") return reply(value.status ?? 200, content(value.body), { headers: fields(value.headers) });
  if (name !== "changed") throw unknown(name);
  const { edits = [], headers, ...parts } = value;
  return changed({ ...parts, edits: edits.map(jsonEdit), headers: headerEdits(headers) });
}

/** `by_name` picks another answer for events of that name. */
export function event({ answer, by_name: byName = {} }, { name }, told) {
  const [kind, value] = verdict(byName[name ?? ""] ?? answer);
  if (kind === undefined) return undefined;
  if (kind === "keep") return keep();
  if (kind === "drop") return drop();
  if (kind === "echo") return replace([{ name, data: JSON.parse(told) }]);
  if (kind === "replace") return replace(value);
  throw unknown(kind);
}

/** One edit for each place where the word stands. */
function masked(texts, word, mask) {
  const edits = [];
  for (const text of texts) {
    for (let at = text.content.indexOf(word); at >= 0; at = text.content.indexOf(word, at + word.length)) {
      edits.push(text.edit(at, at + word.length, mask));
    }
  }
  return edits;
}

export function moderation(plan, texts, told) {
  const { answer, redact: word, with: mask } = plan;
  if (answer === undefined && word === undefined) return undefined;
  if (answer === "echo") return flag([{ category: "echo", detail: told }]);
  const { findings, hold, block: reason, edit } = typeof answer === "object" && answer !== null ? answer : {};
  const options = { findings, hold };
  if (word !== undefined) return redact(masked(texts, word, mask), options);
  if (reason !== undefined) return block(reason, options);
  if (edit !== undefined) return redact(edit, options);
  return allow(options);
}
