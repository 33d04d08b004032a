// TextEncoder and TextDecoder for an engine that has none (UTF-8, whole texts), and a sentence in place of a trap for who asks
// for the time: a component has no clock.
import { decode, decodeLossy, encode } from "./utf8.js";

class Utf8Encoder {
  encoding = "utf-8";

  encode(text = "") {
    return encode(String(text));
  }
}

class Utf8Decoder {
  encoding = "utf-8";

  constructor(label = "utf-8", { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`the encoding "${label}" is not known here`);
    this.fatal = fatal;
  }

  decode(bytes = new Uint8Array()) {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    const text = this.fatal ? decode(view) : decodeLossy(view);
    if (text === undefined) throw new TypeError("the bytes are no UTF-8");
    return text;
  }
}

globalThis.TextEncoder ??= Utf8Encoder;
globalThis.TextDecoder ??= Utf8Decoder;

const NO_CLOCK = "a plugin has no clock: what the time is has to come with the request or from a service";

globalThis.Date = class extends Date {
  constructor(...parts) {
    if (parts.length === 0) throw new Error(NO_CLOCK);
    super(...parts);
  }

  static now() {
    throw new Error(NO_CLOCK);
  }
};
