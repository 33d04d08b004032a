import * as host from "tidegate:plugin/http@0.1.0";
import { word } from "../engine.js";
import { ServiceError } from "../errors.js";
import { Headers } from "../told.js";
import { decodeLossy, toBytes } from "../utf8.js";
import { toFields } from "../verdicts.js";

const request = ({ url, method = "GET", headers, body = "", timeoutMs }) => ({
  method,
  url,
  headers: toFields(headers),
  body: toBytes(body),
  timeoutMs: timeoutMs == null ? null : word(timeoutMs),
});

/** What came back. */
class Reply {
  constructor({ status, headers, body }) {
    this.status = status;
    this.headers = new Headers(headers);
    this.body = Uint8Array.from(body);
  }

  text() {
    return decodeLossy(this.body);
  }

  json() {
    return JSON.parse(this.text());
  }
}

function failure({ tag, val }) {
  if (tag === "denied") return new ServiceError("denied", `the request is not granted: ${val}`, val);
  if (tag === "timeout") return new ServiceError("timeout", "the host gave no answer in time");
  if (tag === "too-large") return new ServiceError("too_large", "the answer is too large");
  return new ServiceError("failed", `the request failed: ${val}`, val);
}

export const sendAll = (requests) =>
  host.send(requests.map(request)).map(({ tag, val }) => (tag === "ok" ? new Reply(val) : failure(val)));

export function send(wanted) {
  const [answer] = sendAll([wanted]);
  if (answer instanceof Reply) return answer;
  throw answer ?? new ServiceError("failed", "the gateway gave no answer");
}
