// The services of a gateway that a test makes itself: `node --import ./tests/host.js`. The modules of the contract call what stands
// in `globalThis.host`.
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

register(`data:text/javascript,${encodeURIComponent(loader)}`);
