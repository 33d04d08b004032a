// The services where there is no gateway: `node --import @tidegate/plugin/testing --test`. They behave like a gateway that grants
// nothing; a test that wants more puts functions of its own, in the contract's shapes, into `globalThis.host`.
import { register } from "node:module";

const FUNCTIONS = {
  info: ["attribute"],
  state: ["get", "set"],
  log: ["write"],
  metrics: ["count", "observe"],
  secrets: ["get"],
  kv: ["get", "set", "delete", "increment"],
  http: ["send"],
  models: ["ask"],
};

const loader = `
const FUNCTIONS = ${JSON.stringify(FUNCTIONS)};
const service = (specifier) => /^tidegate:plugin\\/([a-z]+)@0\\.1\\.0$/.exec(specifier)?.[1];

export async function resolve(specifier, context, next) {
  return service(specifier) ? { url: specifier, shortCircuit: true } : next(specifier, context);
}

export async function load(url, context, next) {
  const name = service(url);
  if (!name) return next(url, context);
  const lines = FUNCTIONS[name].map((one) =>
    \`const _\${one} = (...given) => globalThis.host.\${name}.\${one}(...given); export { _\${one} as \${one} };\`);
  return { format: "module", source: lines.join("\\n"), shortCircuit: true };
}`;

const refused = (what) => () => {
  throw { tag: "denied", val: `${what} is not granted outside of a gateway` };
};
const denied = () => {
  throw { tag: "denied" };
};
const notes = new Map();

globalThis.host = {
  info: { attribute: () => undefined },
  state: { get: (key) => notes.get(key), set: (key, value) => void notes.set(key, value) },
  log: { write: (level, message, fields) => console.error(level, message, Object.fromEntries(fields)) },
  metrics: { count: () => {}, observe: () => {} },
  secrets: { get: refused("the secret") },
  kv: { get: denied, set: denied, delete: denied, increment: denied },
  http: {
    send: (requests) => requests.map(() => ({ tag: "err", val: { tag: "denied", val: "outside of a gateway" } })),
  },
  models: { ask: refused("the model") },
};

register(`data:text/javascript,${encodeURIComponent(loader)}`);
