#!/usr/bin/env node
// Makes a component of a plugin: the author's module, the toolkit and what both import become one script, and an engine takes it
// in. `buildPlugin` is the same for other programs.
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const HERE = dirname(fileURLToPath(import.meta.url));
const INTERFACES = ["lifecycle", "auth", "admission", "transform", "moderation", "observe"];
/** The name of the module that the build writes itself. */
const START = "tidegate:start.js";
const USAGE = "usage: build.mjs --entry FILE --wit DIR [--world NAME] [--engine quickjs|starlingmonkey] --out FILE";

/** What an author can mend, in one sentence. */
export class BuildError extends Error {}

/** The interfaces that a world exports, and those that it imports. */
async function worldOf(wit, name) {
  const folder = (await stat(wit)).isDirectory();
  const files = folder
    ? (await readdir(wit)).filter((file) => file.endsWith(".wit")).map((file) => join(wit, file))
    : [wit];
  const sources = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const text = sources.join("\n").replaceAll(/\/\/.*$/gm, "");
  const world = new RegExp(`\\bworld\\s+%?${name}\\s*\\{([^}]*)\\}`).exec(text)?.[1];
  if (world === undefined) throw new BuildError(`"${wit}" has no world "${name}"`);
  const named = (verb) =>
    [...world.matchAll(new RegExp(`\\b${verb}\\s+(?:tidegate:plugin/)?([a-z]+)(?:@[0-9.]+)?\\s*;`, "g"))].map(
      (found) => found[1],
    );
  return { exports: named("export").filter((one) => INTERFACES.includes(one)), imports: named("import") };
}

/** The module that the engine starts with. */
function start(entry, exported, engine) {
  const lines = [
    engine === "quickjs" ? `import ${JSON.stringify(join(HERE, "src/polyfill.js"))};` : "",
    `import plugin from ${JSON.stringify(entry)};`,
    `import { interfaces } from ${JSON.stringify(join(HERE, "src/component.js"))};`,
    "const made = interfaces(plugin);",
    ...exported.map((one) => `export const ${one} = made.${one};`),
  ];
  return lines.join("\n");
}

/** Whatever names the toolkit means this one; what the gateway offers is there only when the component runs. */
const toolkit = {
  name: "tidegate",
  setup(build) {
    build.onResolve({ filter: /^tidegate:/ }, ({ path }) => ({ path, external: true }));
    build.onResolve({ filter: /^@tidegate\/plugin$/ }, () => ({
      path: join(HERE, "src/index.js"),
      sideEffects: false,
    }));
  },
};

async function bundle(entry, exported, engine) {
  const esbuild = await installed("esbuild");
  try {
    return await esbuild.build({
      stdin: { contents: start(entry, exported, engine), resolveDir: dirname(entry), sourcefile: START },
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2022",
      treeShaking: true,
      minifySyntax: true,
      define: { TIDEGATE_ENGINE: JSON.stringify(engine) },
      plugins: [toolkit],
      logLevel: "silent",
    });
  } catch (error) {
    const [first] = error.errors ?? [];
    if (first === undefined) throw error;
    if (first.location?.file.endsWith(START))
      throw new BuildError(`"${entry}" has no default export; write "export default" before the plugin`);
    const at = first.location ? `${first.location.file}:${first.location.line}: ` : "";
    throw new BuildError(`${at}${first.text}`);
  }
}

/** The script without the comments that name the files of this machine; its lines stay where they are. */
function nameless(script, metafile) {
  const comments = new Set(Object.keys(metafile.inputs).map((file) => `// ${file}`));
  const lines = script.split("\n");
  return lines.map((line) => (comments.has(line) ? "//" : line)).join("\n");
}

/** What of the services the script asks for, and the manifest does not have. */
function checkImports(metafile, imported) {
  const [output] = Object.values(metafile.outputs);
  const asked = output.imports.map(({ path }) => /^tidegate:plugin\/([a-z]+)@/.exec(path)?.[1]).filter(Boolean);
  const missing = asked.find((one) => !imported.includes(one));
  if (missing)
    throw new BuildError(`the plugin uses "${missing}", which its manifest does not ask for; add it to [capabilities]`);
}

/** A package that stands beside this program, or where it was called. */
async function installed(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  }
  const folder = resolve("node_modules", name);
  const manifest = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  if (manifest === undefined)
    throw new BuildError(`"${name}" is not installed; run "npm install ${name}" where you build`);
  const { exports, main } = JSON.parse(manifest);
  return import(pathToFileURL(join(folder, exports?.import ?? main ?? "index.js")).href);
}

const ENGINES = {
  async quickjs(script, wit, world) {
    const { componentize } = await installed("componentize-qjs");
    // It looks for modules beside the script, and so wants one to be there; all that it may find is the script itself.
    const moduleRoot = await mkdtemp(join(tmpdir(), "tidegate-"));
    try {
      const jsPath = join(moduleRoot, "plugin.js");
      await writeFile(jsPath, script);
      const made = await componentize({
        witPath: wit,
        jsSource: script,
        jsPath,
        moduleRoot,
        world,
        sync: true,
        stubWasi: true,
      });
      return made.component;
    } finally {
      await rm(moduleRoot, { recursive: true });
    }
  },
  async starlingmonkey(script, wit, world) {
    const { componentize } = await installed("@bytecodealliance/componentize-js");
    const disableFeatures = ["stdio", "random", "clocks", "http", "fetch-event"];
    const made = await componentize(script, { witPath: wit, worldName: world, disableFeatures });
    return made.component;
  },
};

/** What went wrong, without the steps on the way to it. */
function reason(error) {
  const [first] = String(error?.message ?? error).split("\n");
  return first.replace(/^:? ?(Failed to [^:]+: )+/, "");
}

/**
 * The bytes of the component.
 *
 * `entry` is the author's module, whose default export is the plugin; `wit` a folder with the world, cut to the hooks and the
 * capabilities of the manifest.
 */
export async function buildPlugin({ entry, wit, world = "plugin", engine = "quickjs" }) {
  if (!Object.hasOwn(ENGINES, engine))
    throw new BuildError(`there is no engine "${engine}"; it is "quickjs" or "starlingmonkey"`);
  const file = resolve(entry);
  await stat(file).catch(() => {
    throw new BuildError(`there is no file "${entry}"`);
  });
  const { exports, imports } = await worldOf(resolve(wit), world);
  const { outputFiles, metafile } = await bundle(file, exports, engine);
  checkImports(metafile, imports);
  try {
    return await ENGINES[engine](nameless(outputFiles[0].text, metafile), resolve(wit), world);
  } catch (error) {
    if (error instanceof BuildError) throw error;
    throw new BuildError(`${engine} makes no component of it: ${reason(error)}`);
  }
}

async function main() {
  const text = { type: "string" };
  let values;
  try {
    ({ values } = parseArgs({ options: { entry: text, wit: text, world: text, engine: text, out: text } }));
  } catch (error) {
    throw new BuildError(`${error.message}; ${USAGE}`);
  }
  if (!values.entry || !values.wit || !values.out) throw new BuildError(USAGE);
  await writeFile(values.out, await buildPlugin(values));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(`error: ${error instanceof BuildError ? error.message : error.stack}`);
    process.exitCode = 1;
  });
}
