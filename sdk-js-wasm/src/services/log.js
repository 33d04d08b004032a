import * as host from "tidegate:plugin/log@0.1.0";
import { wellFormed } from "../utf8.js";

const write =
  (level) =>
  (message, fields = {}) =>
    host.write(
      level,
      wellFormed(message),
      Object.entries(fields).map(([name, value]) => [name, wellFormed(value)]),
    );

export const debug = /* @__PURE__ */ write("debug");
export const info = /* @__PURE__ */ write("info");
export const warn = /* @__PURE__ */ write("warn");
export const error = /* @__PURE__ */ write("error");
