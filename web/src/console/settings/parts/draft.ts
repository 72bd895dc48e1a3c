// What a form was begun from, and what becomes of what was written when somebody else saves meanwhile.

/** What the server had: the form's fields, and which state of the record they are of. */
export interface Snapshot<V> { values: V; version: number; known: string; key: string }

/** A record's fields as a form shows them. What is no record yet has no state. */
export function snapshot<V>(values: V, record: unknown): Snapshot<V> {
  const r = (typeof record === "object" && record !== null ? record : {}) as { version?: unknown; updated_at?: unknown };
  const version = typeof r.version === "number" ? r.version : 0;
  const known = String(r.version ?? r.updated_at ?? JSON.stringify(record));
  return { values, version, known, key: JSON.stringify([values, known]) };
}

/** Whether two values that stand in a form are one. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The fields of what was written that are not as they were. */
export function changed<V extends object>(written: V, was: V): Partial<V> {
  return Object.fromEntries(Object.entries(written).filter(([k, x]) => !same(x, was[k as keyof V]))) as Partial<V>;
}

/** What was written on the ground of was, on the ground of next: fields that nobody has changed here are next's. */
export function merged<V extends object>(written: V, was: V, next: V): V {
  return { ...next, ...changed(written, was) };
}
