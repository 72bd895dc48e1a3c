// Attributes: JSON values as people read and write them.

/** An object's members, by name; none of anything else. */
export function attributesOf(v: unknown): [string, unknown][] {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? Object.entries(v).sort(([a], [b]) => a.localeCompare(b)) : [];
}

export function showValue(v: unknown): string {
  return typeof v === "string" ? v : JSON.stringify(v);
}

/** What was written: a number, true, false, a list or an object where it reads as one, otherwise the text. */
export function parseValue(text: string): unknown {
  const s = text.trim();
  if (/^(?:true|false|-?(?:0|[1-9]\d{0,14})(?:\.\d+)?|\[.*\]|\{.*\})$/s.test(s)) {
    try {
      return JSON.parse(s);
    } catch {
      return text;
    }
  }
  return text;
}
