// The widget's words, by language (shared/i18n).

import type { widget as en, Translation } from "../shared/i18n/en.ts";

export type Texts = Translation<typeof en>;

/** A date as a day: today, yesterday, or its name. */
export function dayName(ms: number, locale: string, t: Texts, now: number = Date.now()): string {
  const midnight = (n: number) => new Date(n).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(ms)) / 86_400_000);
  if (days === 0) return t.today;
  if (days === 1) return t.yesterday;
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(safeLocale(locale), { weekday: "short", month: "short", day: "numeric", ...(sameYear ? {} : { year: "numeric" }) }).format(ms);
}

export function clockTime(ms: number, locale: string): string {
  return new Intl.DateTimeFormat(safeLocale(locale), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

/** When something opens again: the time if it is today, the day too if it is not. */
export function opensAt(ms: number, locale: string, t: Texts, now: number = Date.now()): string {
  const clock = clockTime(ms, locale);
  return new Date(ms).toDateString() === new Date(now).toDateString() ? clock : `${dayName(ms, locale, t, now)} ${clock}`;
}

function safeLocale(name: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(name.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}
