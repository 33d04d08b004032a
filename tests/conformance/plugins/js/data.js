// Bytes as JSON: text where they are text, {"hex": ...} where they are not.

const utf8 = new TextEncoder();

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function show(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { hex: hex(bytes) };
  }
}

/** The bytes of "text", {"hex": "00ff"} or {"repeat": "text", "times": 3}; nothing of anything else. */
export function content(value) {
  if (typeof value === "string") return utf8.encode(value);
  if (typeof value?.repeat === "string") return utf8.encode(value.repeat.repeat(value.times));
  const digits = value?.hex ?? "";
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

/** The fields of {"name": value, "name": [value, value]}. */
export function fields(value) {
  const all = Object.entries(value ?? {});
  return Object.fromEntries(
    all.map(([name, values]) => [name, (Array.isArray(values) ? values : [values]).map(content)]),
  );
}

/** "name" and {"name": value} as name and value. */
export function verdict(value) {
  if (value !== null && typeof value === "object") return Object.entries(value)[0] ?? [];
  return [value ?? undefined];
}
