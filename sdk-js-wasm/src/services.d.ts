import type { Bytes, Fields, Headers, Json } from "./index.js";

/** What a service failed with. */
export class ServiceError extends Error {
  /** `denied`: not granted. `full`: notes beyond 16 KiB. `unavailable`: the store gives no answer. `failed`: the host or the model. */
  readonly code: "denied" | "full" | "too_large" | "timeout" | "unavailable" | "failed";
  /** The reason that the gateway gives. */
  readonly detail: string;
}

/** Lines in the gateway's log, under the plugin's name; counted beyond a limit a call, not written. */
export namespace log {
  function debug(message: string, fields?: Record<string, unknown>): void;
  function info(message: string, fields?: Record<string, unknown>): void;
  function warn(message: string, fields?: Record<string, unknown>): void;
  function error(message: string, fields?: Record<string, unknown>): void;
}

/** Attributes of the request by name. */
export namespace info {
  /** `service`, `listener`, `method`, `path`, `client.address`; an unknown one is none. */
  function attribute(name: string): string | undefined;
}

/** Notes of this filter on this request, 16 KiB with their keys; the same from every hook and instance. */
export namespace state {
  function get(key: string): Uint8Array | undefined;
  /** Throws `full`, `failed`. */
  function set(key: string, value: Bytes): void;
}

/** Values that outlive a request; each plugin has keys of its own. Needs the capability `kv`. Throws `denied`, `too_large`, `unavailable`. */
export namespace kv {
  export function get(key: string): { value: Uint8Array; version: number } | undefined;
  /** `ifVersion` 0: only if absent. The new version, or none where another one stands there. */
  export function set(key: string, value: Bytes, options?: { ttlMs?: number; ifVersion?: number }): number | undefined;
  function _delete(key: string): boolean;
  export { _delete as delete };
  /** Adds to a decimal number, from 0 where there is none; `ttlMs` counts from the first. Exact to 2^53. */
  export function increment(key: string, by?: number, options?: { ttlMs?: number }): number;
}

/** Requests to named hosts. Needs the capability `http` with the host. Redirects are not followed. */
export namespace http {
  interface Request {
    url: string;
    /** Left out: `GET`. */
    method?: string;
    headers?: Fields;
    body?: Bytes;
    /** Left out: what is left of the call's time. */
    timeoutMs?: number;
  }
  interface Reply {
    status: number;
    headers: Headers;
    body: Uint8Array;
    text(): string;
    json(): Json;
  }
  /** Sends one. Throws `denied`, `timeout`, `too_large`, `failed`. */
  function send(request: Request): Reply;
  /** Sends several at once; the answers stand in the same order. */
  function sendAll(requests: Request[]): (Reply | ServiceError)[];
}

/** Secrets by name. Needs the capability `secrets` with that name. */
export namespace secrets {
  /** Throws `denied`, `unavailable`. */
  function get(name: string): string;
}

/** Series of the plugin's own, as `tidegate_plugin_custom_*`. Needs the capability `metrics`. */
export namespace metrics {
  /** Adds to a counter. */
  function count(name: string, by?: number, labels?: Record<string, string>): void;
  /** Observes a value in a histogram. */
  function observe(name: string, value: number, labels?: Record<string, string>): void;
}

/** Asks a model through a route of the gateway. Needs the capability `models`. */
export namespace models {
  /** The answer to a chat request. Throws `denied`, `timeout`, `too_large`, `failed`. */
  function ask(route: string, body: Json): Json;
}
