import * as host from "tidegate:plugin/secrets@0.1.0";
import { thrown } from "../engine.js";
import { ServiceError } from "../errors.js";

export function get(name) {
  try {
    return host.get(name);
  } catch (error) {
    const { tag, val } = thrown(error) ?? {};
    const reason = val ?? String(error);
    throw new ServiceError(tag === "denied" ? "denied" : "unavailable", reason, reason);
  }
}
