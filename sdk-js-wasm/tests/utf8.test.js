import assert from "node:assert/strict";
import test from "node:test";

import { Text } from "../src/told.js";
import { byteLength, decode, decodeLossy, encode, wellFormed } from "../src/utf8.js";

const SAMPLES = ["", "plain", "äöü", "日本語", "🌲🌲", "a\u0000b", "ä🌲ü", "\uffff\u{10ffff}", "\ufeffmark"];

test("texts become the bytes that the platform makes, and back", () => {
  for (const text of SAMPLES) {
    assert.deepEqual(encode(text), new TextEncoder().encode(text));
    assert.equal(decode(encode(text)), text);
    assert.equal(byteLength(text), encode(text).length);
  }
});

test("half a character becomes a replacement character", () => {
  for (const text of ["\ud83c", "a\udf32b", "\ud83c\ud83c\udf32"]) {
    assert.deepEqual(encode(text), new TextEncoder().encode(text));
    assert.equal(byteLength(text), encode(text).length);
    assert.equal(wellFormed(text), text.toWellFormed());
  }
});

test("bytes that are no UTF-8 are no text", () => {
  const bad = [
    [0xff],
    [0xc0, 0x80],
    [0xe4],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0, 0, 0],
    [0x80],
    [0xc3, 0x28],
  ];
  for (const bytes of bad) {
    assert.equal(decode(Uint8Array.from(bytes)), undefined, String(bytes));
    assert.ok(decodeLossy(Uint8Array.from(bytes)).includes("\ufffd"));
  }
});

test("random bytes are judged as the platform judges them", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const platform = (bytes) => {
    try {
      return strict.decode(bytes);
    } catch {
      return undefined;
    }
  };
  let seed = 7;
  const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  const common = [0x41, 0x80, 0xbf, 0xc3, 0xe2, 0xed, 0xf0, 0xf4, 0x9f, 0xa0];
  for (let round = 0; round < 20000; round++) {
    const bytes = Uint8Array.from({ length: random(6) }, () =>
      random(2) ? common[random(common.length)] : random(256),
    );
    assert.equal(decode(bytes), platform(bytes), String(bytes));
  }
});

test("indices of a text become bytes, and never cut a character", () => {
  const text = new Text({ id: 7, content: "ä🌲ü🌲" });
  const edited = (from, to) => {
    const { start, end, replacement } = text.edit(from, to, "x");
    const bytes = encode(text.content);
    return decode(bytes.slice(0, start)) + replacement + decode(bytes.slice(end));
  };
  assert.deepEqual(text.edit(1, 3, "x"), { id: 7, start: 2, end: 6, replacement: "x" });
  assert.equal(edited(1, 2), "äxü🌲");
  assert.equal(edited(2, 3), "äxü🌲");
  assert.equal(edited(2, 5), "äx");
  assert.equal(edited(0, 6), "x");
  assert.equal(edited(6, 6), "ä🌲ü🌲x");
  assert.equal(text.size(), 12);
  assert.equal(text.size(3), 6);
});
