// A week of business hours as its editor has it: for each day, from when to when. Midnight at a day's end is 00:00 in a field of time, 24:00 in the API.

import type { BusinessHours, WeeklySpan } from "../api/schema.ts";

export const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof days)[number];
export interface Part { from: string; to: string }
export type Week = Record<Day, Part[]>;

/** What a field of time shows for an end. */
const shown = (to: string) => (to === "24:00" ? "00:00" : to);
const minutes = (at: string) => Number(at.slice(0, 2)) * 60 + Number(at.slice(3, 5));
const end = (to: string) => (minutes(to) === 0 ? 1440 : minutes(to));

export function weekOf(weekly: readonly WeeklySpan[]): Week {
  const week = Object.fromEntries(days.map((d) => [d, [] as Part[]])) as Week;
  for (const w of weekly) week[w.day].push({ from: w.from, to: shown(w.to) });
  for (const d of days) week[d].sort((a, b) => minutes(a.from) - minutes(b.from));
  return week;
}

export function weeklyOf(week: Week): WeeklySpan[] {
  return days.flatMap((day) => week[day].map((p) => ({ day, ...partOf(p) })));
}

/** As the API has it. */
export function partOf(p: Part): Part {
  return { from: p.from, to: end(p.to) === 1440 ? "24:00" : p.to };
}

export type Flaw = "time" | "order" | "overlap";

/** What is wrong with a day, or null. */
export function flaw(parts: readonly Part[]): Flaw | null {
  if (parts.some((p) => !/^\d\d:\d\d$/.test(p.from) || !/^\d\d:\d\d$/.test(p.to))) return "time";
  if (parts.some((p) => minutes(p.from) >= end(p.to))) return "order";
  const sorted = [...parts].sort((a, b) => minutes(a.from) - minutes(b.from));
  return sorted.some((p, i) => i > 0 && minutes(p.from) < end(sorted[i - 1]?.to ?? "")) ? "overlap" : null;
}

const said = (parts: readonly Part[]) => parts.map((p) => `${p.from}–${end(p.to) === 1440 ? "24:00" : p.to}`).join(", ");

/** The week in a line: days with the same hours together, by the names that are given. */
export function summary(weekly: readonly WeeklySpan[], names: Readonly<Record<Day, string>>, closed: string): string {
  const week = weekOf(weekly);
  const runs: { first: Day; last: Day; hours: string }[] = [];
  for (const d of days) {
    const hours = said(week[d]);
    const run = runs.at(-1);
    if (run !== undefined && run.hours === hours) run.last = d;
    else runs.push({ first: d, last: d, hours });
  }
  const open = runs.filter((r) => r.hours !== "");
  return open.length === 0 ? closed : open.map((r) => `${r.first === r.last ? names[r.first] : `${names[r.first]}–${names[r.last]}`} ${r.hours}`).join(" · ");
}

/** Every name of a time zone that the browser knows, and the one that is set. */
export function zones(have: string): string[] {
  const all = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set([...(have === "" ? [] : [have]), "UTC", ...all])].sort();
}

/** The zone that the browser is in. */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** What a new record begins with: weekdays from nine to six. */
export const usual: BusinessHours["weekly"] = (["mon", "tue", "wed", "thu", "fri"] as const).map((day) => ({ day, from: "09:00", to: "18:00" }));
