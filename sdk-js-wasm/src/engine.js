// What the engines do differently.

/* global TIDEGATE_ENGINE */
const engine = typeof TIDEGATE_ENGINE === "undefined" ? "quickjs" : TIDEGATE_ENGINE;

/** A 64-bit integer as the engine takes it: StarlingMonkey knows them as bigint, QuickJS as number. */
export const wide = engine === "starlingmonkey" ? (number) => BigInt(number) : (number) => number;

/** The same, where there is one. */
export const wideOption = (number) => (number == null ? null : wide(number));

/** None is null in one engine and undefined in the other; authors get undefined. */
export const option = (value) => value ?? undefined;

/** What a function of the host failed with: one engine throws it, the other wraps it. */
export const thrown = (error) => (error instanceof Error && "payload" in error ? error.payload : error);
