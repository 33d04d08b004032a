// Between the strings of the language, which are UTF-16, and the bytes of the contract.

const isHigh = (unit) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit) => unit >= 0xdc00 && unit < 0xe000;

/** Whether a character stands on both sides of an index. */
export function splits(text, index) {
  return index > 0 && index < text.length && isHigh(text.charCodeAt(index - 1)) && isLow(text.charCodeAt(index));
}

/** How many bytes of UTF-8 the characters from one index to before another are. Half a pair counts as what replaces it. */
export function byteLength(text, from = 0, to = text.length) {
  let bytes = 0;
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isHigh(unit) && at + 1 < to && isLow(text.charCodeAt(at + 1))) {
      bytes += 4;
      at += 1;
    } else bytes += 3;
  }
  return bytes;
}

/** The bytes of a text. */
export function encode(text) {
  const bytes = new Uint8Array(byteLength(text));
  let at = 0;
  for (const character of text) {
    let code = character.codePointAt(0);
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    if (code < 0x80) bytes[at++] = code;
    else {
      const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      bytes[at++] = [0, 0xc0, 0xe0, 0xf0][more] | (code >> (6 * more));
      for (let left = more - 1; left >= 0; left--) bytes[at++] = 0x80 | ((code >> (6 * left)) & 0x3f);
    }
  }
  return bytes;
}

const LEAST = [0, 0x80, 0x800, 0x10000];

/** The code point that begins at an index and how many bytes it is; undefined where there is none. */
function codePoint(bytes, at) {
  const lead = bytes[at];
  if (lead < 0x80) return [lead, 1];
  const more = lead >= 0xf0 && lead < 0xf5 ? 3 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xc2 && lead < 0xe0 ? 1 : 0;
  if (more === 0 || at + more >= bytes.length) return undefined;
  let code = lead & (0x3f >> more);
  for (let next = at + 1; next <= at + more; next++) {
    if ((bytes[next] & 0xc0) !== 0x80) return undefined;
    code = (code << 6) | (bytes[next] & 0x3f);
  }
  const isCharacter = code >= LEAST[more] && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
  return isCharacter ? [code, more + 1] : undefined;
}

/** The text of bytes; undefined where they are no UTF-8. */
export function decode(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const found = codePoint(bytes, at);
    if (found === undefined) return undefined;
    text += String.fromCodePoint(found[0]);
    at += found[1];
  }
  return text;
}

/** The text of bytes; what is no UTF-8 becomes a replacement character. */
export function decodeLossy(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const found = codePoint(bytes, at);
    text += String.fromCodePoint(found ? found[0] : 0xfffd);
    at += found ? found[1] : 1;
  }
  return text;
}

/** A text or bytes as bytes. */
export const toBytes = (value) => (typeof value === "string" ? encode(value) : Uint8Array.from(value));

/** A text that can be UTF-8: half a pair becomes a replacement character. */
export function wellFormed(value) {
  const text = String(value);
  return /[\ud800-\udfff]/u.test(text) ? decodeLossy(encode(text)) : text;
}
