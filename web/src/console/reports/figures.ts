// Numbers for people: how they are written, and how they compare with those of before.

import { locale } from "../i18n/index.ts";
import { duration } from "../i18n/time.ts";

export function count(n: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 0 }).format(n);
}

/** 12,345 as 12.3K: where there is little room. */
export function brief(n: number): string {
  return n < 10_000 ? count(n) : new Intl.NumberFormat(locale(), { notation: "compact", maximumFractionDigits: 1 }).format(n);
}

export function seconds(n: number): string {
  return n > 0 && n < 1 ? "<" + duration(1000) : duration(n * 1000);
}

export function score(n: number): string {
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 2 }).format(n);
}

export function percent(part: number): string {
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: part !== 0 && Math.abs(part) < .1 ? 1 : 0 }).format(part);
}

/** A part of a whole; null of nothing. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

export interface Change { by: number; good: boolean | null }

/** How a figure stands against the one of before: 0.25 is a quarter more. null where there is nothing to compare with. */
export function change(now: number | null, was: number | null, better: "more" | "less" | "neither"): Change | null {
  if (now === null || was === null || was === 0) return null;
  const by = (now - was) / was;
  return { by, good: better === "neither" || Math.abs(by) < .005 ? null : by > 0 === (better === "more") };
}

/** The values of before beside those of now, place by place: the one before may have been cut off or be an hour shorter. */
export function align(was: readonly (number | null)[], n: number): (number | null)[] {
  return Array.from({ length: n }, (_, i) => was[i] ?? null);
}

/** How strong a cell of the heat map is, 0 to 1: by the root, so that one busy hour does not hide the rest. */
export function heat(value: number, max: number): number {
  return max <= 0 || value <= 0 ? 0 : Math.max(.08, Math.sqrt(value / max));
}

/** Rows of seven days with 24 hours each, from the API's list. */
export function week<T extends { weekday: number; hour: number }>(rows: readonly T[]): (T | undefined)[][] {
  const at = new Map(rows.map((r) => [r.weekday * 24 + r.hour, r]));
  return Array.from({ length: 7 }, (_, d) => Array.from({ length: 24 }, (_h, h) => at.get((d + 1) * 24 + h)));
}

/** Names of the weekdays from Monday on. */
export function weekdays(form: "short" | "long"): string[] {
  const f = new Intl.DateTimeFormat(locale(), { weekday: form, timeZone: "UTC" });
  return Array.from({ length: 7 }, (_, i) => f.format(Date.UTC(2024, 0, 1 + i)));
}

/** Sorts rows by a column: numbers with the largest first, names in their alphabet, what is not known at the end. */
export function sorted<T>(rows: readonly T[], by: (r: T) => number | string | null, down: boolean): T[] {
  return [...rows].sort((a, b) => {
    const x = by(a), y = by(b);
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    const order = typeof x === "string" && typeof y === "string" ? x.localeCompare(y, locale()) : Number(x) - Number(y);
    return down ? -order : order;
  });
}
