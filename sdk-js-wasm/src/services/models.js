import * as host from "tidegate:plugin/models@0.1.0";
import { thrown } from "../engine.js";
import { ServiceError } from "../errors.js";

function answered(route, body) {
  try {
    return host.ask(route, JSON.stringify(body));
  } catch (error) {
    const { tag, val } = thrown(error) ?? {};
    if (tag === "denied") throw new ServiceError("denied", `the model is not granted: ${val}`, val);
    if (tag === "timeout") throw new ServiceError("timeout", "the model gave no answer in time");
    if (tag === "too-large") throw new ServiceError("too_large", "the answer is too large");
    throw new ServiceError("failed", `the model gave no answer: ${val ?? error}`, val ?? String(error));
  }
}

export const ask = (route, body) => JSON.parse(answered(route, body));
