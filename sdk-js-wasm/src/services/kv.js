import * as host from "tidegate:plugin/kv@0.1.0";
import { thrown, wide, wideOption } from "../engine.js";
import { ServiceError } from "../errors.js";
import { toBytes } from "../utf8.js";

function failure(error) {
  const { tag, val } = thrown(error) ?? {};
  if (tag === "denied") return new ServiceError("denied", "the store is not granted");
  if (tag === "too-large") return new ServiceError("too_large", "the value is too large for the store");
  return new ServiceError("unavailable", `the store gives no answer: ${val ?? error}`, val ?? String(error));
}

function asked(call) {
  try {
    return call();
  } catch (error) {
    throw failure(error);
  }
}

export function get(key) {
  const entry = asked(() => host.get(key));
  return entry == null ? undefined : { value: Uint8Array.from(entry.value), version: Number(entry.version) };
}

export function set(key, value, { ttlMs, ifVersion } = {}) {
  const version = asked(() => host.set(key, toBytes(value), wideOption(ttlMs), wideOption(ifVersion)));
  return version == null ? undefined : Number(version);
}

const remove = (key) => asked(() => host.delete(key));
export { remove as delete };

export const increment = (key, by = 1, { ttlMs } = {}) =>
  Number(asked(() => host.increment(key, wide(by), wideOption(ttlMs))));
