// What the author of a Tidegate plugin in JavaScript or TypeScript uses. `index.d.ts` says what it is.
export { ServiceError } from "./errors.js";
export * as http from "./services/http.js";
export * as info from "./services/info.js";
export * as kv from "./services/kv.js";
export * as log from "./services/log.js";
export * as metrics from "./services/metrics.js";
export * as models from "./services/models.js";
export * as secrets from "./services/secrets.js";
export * as state from "./services/state.js";
export { Body, Event, Headers, Text } from "./told.js";
export {
  admit,
  allow,
  block,
  changed,
  deny,
  drop,
  flag,
  grant,
  keep,
  pass,
  redact,
  refuse,
  replace,
  reply,
  unchanged,
} from "./verdicts.js";
