// Attributes: JSON values as people read and write them.

/** An object's members, by name; none of anything else. */
export function attributesOf(v: unknown): [string, unknown][] {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? Object.entries(v).sort(([a], [b]) => a.localeCompare(b)) : [];
}

export function showValue(v: unknown): string {
  return typeof v === "string" ? v : JSON.stringify(v);
}

/**
 * What was written in the place of was; undefined: nothing stood there. A text stays a text. Otherwise it is a number, true, false, a
 * list or an object where it reads as one; a new number only if it would be shown as it was written, which "2.10" would not be.
 */
export function parseValue(text: string, was?: unknown): unknown {
  const s = text.trim();
  if (typeof was === "string" || !/^(?:true|false|-?(?:0|[1-9]\d{0,14})(?:\.\d+)?|\[.*\]|\{.*\})$/s.test(s)) return text;
  try {
    const value = JSON.parse(s) as unknown;
    return typeof value === "number" && typeof was !== "number" && String(value) !== s ? text : value;
  } catch {
    return text;
  }
}
