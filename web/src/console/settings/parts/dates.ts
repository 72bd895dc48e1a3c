// Times in fields of type datetime-local and date, which know no zones: they are this browser's.

const two = (n: number) => String(n).padStart(2, "0");

/** RFC 3339 as a datetime-local field has it; "" for none. */
export function toLocal(at: string | null | undefined): string {
  if (at === null || at === undefined || at === "") return "";
  const d = new Date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** What such a field, or one of a date, says: RFC 3339, or null. */
export function fromLocal(s: string): string | null {
  const d = new Date(s.length === 10 ? `${s}T00:00` : s);
  return s === "" || Number.isNaN(d.getTime()) ? null : d.toISOString();
}

/** The end of a date, as the beginning of the next. */
export function endOf(date: string): string | null {
  const start = fromLocal(date);
  if (start === null) return null;
  const d = new Date(start);
  d.setDate(d.getDate() + 1);
  return d.toISOString();
}
