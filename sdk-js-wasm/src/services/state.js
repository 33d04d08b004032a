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
    const { tag, val } = thrown(error) ?? {};
    if (tag === "full") throw new ServiceError("full", "the notes of a request may hold 16 KiB");
    throw new ServiceError("failed", `the note was not kept: ${val ?? error}`, val ?? String(error));
  }
}
