// Languages. Each is one file of this folder, by its code, with the same keys as en.ts: the compiler and build.mjs check that. Nothing else
// names them: build.mjs lists the files in shared/languages.ts.

/** Fills {name} in a text with values. */
export function format(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The best of the offered languages for a list of wishes like navigator.languages. The first offered is the default. */
export function pickLanguage(wishes: readonly (string | null | undefined)[], offered: readonly string[]): string {
  return wishes.map((w) => w?.toLowerCase().split(/[-_]/)[0] ?? "").find((w) => offered.includes(w)) ?? offered[0] ?? "en";
}

/** The time of day, and the date too unless it is today. */
export function shortTime(ms: number, language: string, now: number = Date.now()): string {
  const date = new Date(ms);
  const sameDay = date.toDateString() === new Date(now).toDateString();
  const clock: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(knownLocale(language), sameDay ? clock : { month: "short", day: "numeric", ...clock }).format(date);
}

/** A locale that Intl takes: pages name theirs in many ways ("zh_CN"). */
function knownLocale(name: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(name.replaceAll("_", "-"))[0];
  } catch {
    return undefined; // the browser's own
  }
}
