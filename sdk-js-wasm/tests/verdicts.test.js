import assert from "node:assert/strict";
import test from "node:test";

import * as sdk from "../src/index.js";

const bytes = (text) => new TextEncoder().encode(text);

test("headers are removed, set and added, or edited in the order of a list", () => {
  const edits = (headers) => sdk.changed({ headers }).value.val.headers;
  assert.deepEqual(edits({ add: { a: ["1", "2"] }, set: { b: Uint8Array.of(255) }, remove: ["c"] }), [
    { tag: "remove", val: "c" },
    { tag: "set", val: { name: "b", value: Uint8Array.of(255) } },
    { tag: "add", val: { name: "a", value: bytes("1") } },
    { tag: "add", val: { name: "a", value: bytes("2") } },
  ]);
  assert.deepEqual(
    edits([
      ["add", "x", "1"],
      ["remove", "x"],
    ]).map(({ tag }) => tag),
    ["add", "remove"],
  );
});

test("a body is edited or replaced", () => {
  const body = (change) => sdk.changed(change).value.val.body;
  assert.deepEqual(body({ set: { "/a": null }, remove: ["/b"], edits: [["insert", "/c/-", { d: "ä" }]] }).val, [
    { tag: "remove", val: "/b" },
    { tag: "set", val: { pointer: "/a", value: "null" } },
    { tag: "insert", val: { pointer: "/c/-", value: '{"d":"ä"}' } },
  ]);
  assert.deepEqual(body({ replace: [1] }), { tag: "replace", val: "[1]" });
  assert.equal(body({}), null);
  assert.equal(body({ replace: null }).val, "null");
});

test("who calls, and who may not", () => {
  assert.deepEqual(sdk.grant("ann", { tenant: "acme", attributes: { a: "b" } }).value.val.principal, {
    id: "ann",
    tenant: "acme",
    attributes: [["a", "b"]],
  });
  assert.deepEqual(
    sdk.deny(401, "bad", "no", { headers: { "www-authenticate": "Bearer" } }).value.val.headers.length,
    1,
  );
  assert.deepEqual(sdk.admit("t").value, { tag: "admitted", val: "t" });
  assert.equal(sdk.refuse(429, "quota_exceeded", "no").value.val.status, 429);
});

test("moderation", () => {
  assert.deepEqual(sdk.redact([]).value, sdk.allow().value);
  assert.deepEqual(sdk.block("no", { findings: [{ category: "x", score: 0.5 }], hold: { 3: 7 } }).value, {
    judgement: { tag: "block", val: "no" },
    findings: [{ category: "x", score: 0.5, text: null, detail: "" }],
    hold: [[3, 7]],
  });
  assert.deepEqual(sdk.flag([{ category: "x" }], { hold: new Map([[1, 0]]) }).value.hold, [[1, 0]]);
  assert.equal(sdk.block("\ud83c").value.judgement.val, "\ufffd");
});
