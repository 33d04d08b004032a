import * as host from "tidegate:plugin/state@0.1.0";
import { thrown } from "../engine.js";
import { ServiceError } from "../errors.js";
import { toBytes } from "../utf8.js";

export function get(key) {
  const note = host.get(key);
  return note == null ? undefined : Uint8Array.from(note);
}

export function set(key, value) {
  try {
    host.set(key, toBytes(value));
  } catch (error) {
    throw new ServiceError("full", String(thrown(error)));
  }
}
