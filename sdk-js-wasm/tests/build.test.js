import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

const HERE = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), "tidegate-"));

function build(...options) {
  const run = spawnSync(process.execPath, [join(HERE, "../build.mjs"), ...options], { encoding: "utf8" });
  return run.status === 0 ? "" : run.stderr.trimEnd();
}

function entry(source) {
  const file = join(folder, `plugin-${Math.random()}.js`);
  writeFileSync(file, source);
  return file;
}

const WORLD = ["--wit", join(HERE, "wit"), "--world", "guard", "--out", join(folder, "out.wasm")];

test("a plugin in TypeScript becomes a component that imports what the world has", { timeout: 120_000 }, () => {
  assert.equal(build("--entry", join(HERE, "../example/guard.ts"), ...WORLD), "");
  const component = readFileSync(join(folder, "out.wasm"));
  assert.deepEqual([...component.subarray(0, 4)], [0, 0x61, 0x73, 0x6d]);
  assert.ok(component.includes("tidegate:plugin/moderation@0.1.0") && !component.includes("tidegate:plugin/kv@0.1.0"));
  assert.ok(!component.includes("src/component.js") && !component.includes(tmpdir()), "it names files of this machine");
});

test("errors are one sentence", () => {
  assert.match(build(), /^error: usage: /);
  assert.match(build("--nonsense"), /^error: .*--nonsense.*usage/);
  assert.match(build("--entry", "nowhere.js", ...WORLD), /^error: there is no file "nowhere.js"$/);
  assert.match(build("--entry", entry("let = ("), ...WORLD), /^error: .*plugin-.*js:1: .*$/);
  assert.match(
    build("--entry", entry('import { no } from "@tidegate/plugin"; export default no;'), ...WORLD),
    /No matching export.*"no"/,
  );
  assert.match(build("--entry", entry("export const x = 1;"), ...WORLD), /has no default export/);
  assert.match(
    build("--entry", entry("export default {}"), ...WORLD, "--engine", "v8"),
    /^error: there is no engine "v8"/,
  );
  assert.match(
    build("--entry", entry("export default {}"), ...WORLD, "--world", "other"),
    /^error: .* has no world "other"$/,
  );
  assert.match(build("--entry", entry("export default class {}"), ...WORLD), /the default export is no plugin/);
  assert.match(build("--entry", entry("export default { at: Date.now() }"), ...WORLD), /a plugin has no clock/);
  const greedy = 'import { kv } from "@tidegate/plugin"; export default { completed() { kv.get("a"); } };';
  assert.match(
    build("--entry", entry(greedy), ...WORLD),
    /^error: the plugin uses "kv", which its manifest does not ask for/,
  );
  assert.match(
    build("--entry", entry('throw new Error("too early"); export default {};'), ...WORLD),
    /^error: quickjs makes no component of it: .*too early/,
  );
});
