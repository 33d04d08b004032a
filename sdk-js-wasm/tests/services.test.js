import assert from "node:assert/strict";
import test from "node:test";

import { http, info, kv, log, metrics, models, secrets, ServiceError, state } from "../src/index.js";

/** Fails as the engines make a host fail: one throws the value, the other an error that carries it. */
const failing = (payload) => [
  () => {
    throw payload;
  },
  () => {
    throw Object.assign(new Error("component error"), { payload });
  },
];

const thrown = (call) => {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return [error.code, error.detail];
  }
};

test("outside of a gateway nothing is granted", () => {
  assert.deepEqual(
    [() => kv.get("a"), () => http.send({ url: "https://a" }), () => secrets.get("t"), () => models.ask("r", {})].map(
      (call) => thrown(call)[0],
    ),
    ["denied", "denied", "denied", "denied"],
  );
  state.set("k", "v");
  assert.deepEqual(state.get("k"), Uint8Array.of(118));
  assert.equal(info.attribute("method"), undefined);
});

test("the store", () => {
  const calls = [];
  globalThis.host = {
    kv: {
      get: (key) => (key === "a" ? { value: [1, 2], version: 3n } : null),
      set: (...given) => (calls.push(given), 4n),
      delete: () => true,
      increment: (...given) => (calls.push(given), 5n),
    },
  };
  assert.deepEqual(kv.get("a"), { value: Uint8Array.of(1, 2), version: 3 });
  assert.equal(kv.get("b"), undefined);
  assert.equal(kv.set("k", "ä", { ifVersion: 0 }), 4);
  assert.equal(kv.delete("k"), true);
  assert.equal(kv.increment("n"), 5);
  assert.deepEqual(calls, [
    ["k", Uint8Array.of(0xc3, 0xa4), null, 0],
    ["n", 1, null],
  ]);
  for (const get of failing({ tag: "unavailable", val: "down" })) {
    globalThis.host = { kv: { get } };
    assert.deepEqual(
      thrown(() => kv.get("a")),
      ["unavailable", "down"],
    );
  }
  for (const set of failing({ tag: "too-large" })) {
    globalThis.host = { kv: { set } };
    assert.deepEqual(
      thrown(() => kv.set("a", "")),
      ["too_large", ""],
    );
  }
});

test("requests to hosts", () => {
  let sent;
  const reply = { status: 200, headers: [{ name: "a", value: [49] }], body: [123, 125] };
  globalThis.host = {
    http: {
      send: (requests) => (
        (sent = requests),
        [
          { tag: "ok", val: reply },
          { tag: "err", val: { tag: "timeout" } },
        ]
      ),
    },
  };
  const [answer, failure] = http.sendAll([
    { url: "https://a", headers: { x: ["1", "2"] }, timeoutMs: 5 },
    { url: "https://b", method: "POST", body: "ä" },
  ]);
  assert.deepEqual(sent[0], {
    method: "GET",
    url: "https://a",
    headers: [
      { name: "x", value: Uint8Array.of(49) },
      { name: "x", value: Uint8Array.of(50) },
    ],
    body: new Uint8Array(),
    timeoutMs: 5,
  });
  assert.deepEqual([answer.status, answer.headers.get("a"), answer.json()], [200, "1", {}]);
  assert.equal(failure.code, "timeout");
  globalThis.host = { http: { send: () => [{ tag: "err", val: { tag: "denied", val: "no" } }] } };
  assert.deepEqual(
    thrown(() => http.send({ url: "https://a" })),
    ["denied", "no"],
  );
});

test("everything else", () => {
  const lines = [];
  globalThis.host = {
    info: { attribute: () => null },
    state: { get: () => null, set: failing({ tag: "full" })[0] },
    secrets: { get: failing({ tag: "denied", val: "not granted" })[1] },
    models: { ask: (route, body) => `{"route": "${route}", "body": ${body}}` },
    log: { write: (...line) => lines.push(line) },
    metrics: { count: (...line) => lines.push(line), observe: (...line) => lines.push(line) },
  };
  assert.equal(info.attribute("x"), undefined);
  assert.equal(state.get("k"), undefined);
  assert.deepEqual(
    thrown(() => state.set("k", "v")),
    ["full", ""],
  );
  assert.deepEqual(
    thrown(() => secrets.get("token")),
    ["denied", "not granted"],
  );
  assert.deepEqual(models.ask("gpt", [1]), { route: "gpt", body: [1] });
  for (const [tag, val, code] of [
    ["denied", "none of that name", "denied"],
    ["timeout", undefined, "timeout"],
    ["too-large", undefined, "too_large"],
    ["failed", "status 500", "failed"],
  ]) {
    globalThis.host.models = { ask: failing({ tag, val })[0] };
    assert.deepEqual(
      thrown(() => models.ask("gpt", [1])),
      [code, val ?? ""],
    );
  }
  log.warn("slow", { ms: 5 });
  metrics.count("n");
  metrics.observe("s", 0.5, { a: "b" });
  assert.deepEqual(lines, [
    ["warn", "slow", [["ms", "5"]]],
    ["n", 1, []],
    ["s", 0.5, [["a", "b"]]],
  ]);
});
