import * as host from "tidegate:plugin/secrets@0.1.0";
import { thrown } from "../engine.js";
import { ServiceError } from "../errors.js";

export function get(name) {
  try {
    return host.get(name);
  } catch (error) {
    throw new ServiceError("denied", String(thrown(error)));
  }
}
