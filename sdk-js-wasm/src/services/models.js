import * as host from "tidegate:plugin/models@0.1.0";
import { thrown } from "../engine.js";
import { ServiceError } from "../errors.js";

function answered(route, body) {
  try {
    return host.ask(route, JSON.stringify(body));
  } catch (error) {
    throw new ServiceError("failed", String(thrown(error)));
  }
}

export const ask = (route, body) => JSON.parse(answered(route, body));
