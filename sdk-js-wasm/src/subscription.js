// What `configure` may give to narrow what is asked for.
import { word } from "./engine.js";

/** The hooks: the method that an author writes, and the name in manifests. */
export const HOOKS = {
  authenticate: "authenticate",
  admit: "admit",
  settle: "settle",
  transformRequest: "transform_request",
  transformUpstream: "transform_upstream",
  transformResponse: "transform_response",
  transformEvent: "transform_event",
  moderateInput: "moderate_input",
  moderateOutput: "moderate_output",
  completed: "completed",
};

const KEYS = ["hooks", "without", "headers", "requestBody", "responseBody", "bodyDigest", "windows", "dialects"];

/** The hooks that a plugin has. */
export const written = (plugin) => Object.keys(HOOKS).filter((hook) => typeof plugin[hook] === "function");

function need(asked, otherwise, key) {
  const wanted = asked ?? otherwise;
  if (Array.isArray(wanted)) return { tag: "fields", val: wanted };
  if (wanted === "whole" || wanted === "nothing") return { tag: wanted };
  throw new Error(`"${key}" of the subscription is "whole", "nothing" or a list of ${key === "headers" ? "names" : "pointers"}`);
}

function windows(asked) {
  if (asked == null) return null;
  const { mode, min = 0, max = 0, overlap = 0, maxMatch = 0, maxHoldMs = 0 } = asked;
  const sizes = { min, max, overlap, maxMatch, maxHoldMs };
  return { mode, ...Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, word(size)])) };
}

function hooks(plugin, asked) {
  const known = (hook) => {
    if (!Object.hasOwn(HOOKS, hook)) throw new Error(`there is no hook "${hook}"`);
    return hook;
  };
  const without = (asked.without ?? []).map(known);
  const wanted = (asked.hooks ?? written(plugin)).map(known).filter((hook) => !without.includes(hook));
  const missing = wanted.find((hook) => typeof plugin[hook] !== "function");
  if (missing) throw new Error(`the subscription names "${missing}", which the plugin does not have`);
  return wanted;
}

/** What the contract is told: the hooks that are written, with whole bodies for transforms, narrowed by what was asked. */
export function subscription(plugin, asked) {
  const narrowed = asked ?? {};
  const stray = typeof narrowed === "object" ? Object.keys(narrowed).find((key) => !KEYS.includes(key)) : "";
  if (stray !== undefined) throw new Error(`"configure" gives a subscription or nothing; "${stray}" is no part of one`);
  const wanted = hooks(plugin, narrowed);
  const whole = (...of) => (wanted.some((hook) => of.includes(hook)) ? "whole" : "nothing");
  return {
    hooks: wanted.map((hook) => HOOKS[hook]),
    headers: need(narrowed.headers, "whole", "headers"),
    requestBody: need(narrowed.requestBody, whole("transformRequest", "transformUpstream"), "requestBody"),
    responseBody: need(narrowed.responseBody, whole("transformResponse"), "responseBody"),
    bodyDigest: narrowed.bodyDigest ?? false,
    windows: windows(narrowed.windows),
    dialects: narrowed.dialects ?? [],
  };
}
