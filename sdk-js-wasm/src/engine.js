// What the engines do differently.

/* global TIDEGATE_ENGINE */
const engine = typeof TIDEGATE_ENGINE === "undefined" ? "quickjs" : TIDEGATE_ENGINE;

/** A 64-bit integer as the engine takes it: StarlingMonkey knows them as bigint, QuickJS as number. */
export const wide = engine === "starlingmonkey" ? toBigInt : (number) => number;

/** StarlingMonkey ends the instance at a negative one (componentize-js 0.23); an error is less. */
function toBigInt(number) {
  if (number < 0) throw new RangeError("this engine hands over no negative numbers; build with quickjs to count down");
  return BigInt(number);
}

/** The same, where there is one. */
export const wideOption = (number) => (number == null ? null : wide(number));

/** A number of 32 bits without a sign as the engine takes it: QuickJS hands them over as if they had one. */
export const word = engine === "quickjs" ? (number) => Math.min(number, 0xffffffff) | 0 : (number) => number;

/** The same as the engine gives it. */
export const unsigned = (number) => number >>> 0;

/** None is null in one engine and undefined in the other; authors get undefined. */
export const option = (value) => value ?? undefined;

/** What a function of the host failed with: one engine throws it, the other wraps it. */
export const thrown = (error) => (error instanceof Error && "payload" in error ? error.payload : error);
