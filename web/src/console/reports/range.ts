// Which time a report is about, as it stands in the page's address and as the API is asked for it. Days are texts such as
// 2026-11-26 and belong to the report's time zone.

import type { Api } from "../api/schema.ts";

export type Preset = "today" | "yesterday" | "7d" | "28d" | "90d" | "month" | "lastmonth" | "custom";
export const presets: readonly Preset[] = ["today", "yesterday", "7d", "28d", "90d", "month", "lastmonth", "custom"];
export type Interval = "hour" | "day";

/** What a report shows. since and until count for custom only; team and agent are ids or "". */
export interface Scope { range: Preset; since: string; until: string; by: Interval | "auto"; tz: string; team: string; agent: string; compare: boolean }

/** Days from the first to the last one, both included. */
export interface Span { since: string; until: string }

const dayForm = /^\d{4}-\d\d-\d\d$/;
const idForm = /^[0-9a-f-]{36}$/;
export const longest = 366, longestByHour = 31;

/** The zone of this browser. */
export function here(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

export function knownZone(tz: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: tz });
    return tz !== "";
  } catch {
    return false;
  }
}

function isDay(s: string | null): s is string {
  return s !== null && dayForm.test(s) && !Number.isNaN(Date.parse(s)) && new Date(s).toISOString().startsWith(s);
}

/** Reads an address's query. What makes no sense counts as not there. */
export function readScope(search: string, zone = here()): Scope {
  const p = new URLSearchParams(search);
  const range = p.get("range") as Preset, by = p.get("by"), tz = p.get("tz") ?? "", since = p.get("since"), until = p.get("until");
  const id = (name: string) => (idForm.test(p.get(name) ?? "") ? p.get(name)! : "");
  const own = isDay(since) && isDay(until) && since <= until && days({ since, until }) <= longest;
  return {
    range: own ? "custom" : presets.includes(range) && range !== "custom" ? range : "7d",
    since: own ? since : "", until: own ? until : "",
    by: by === "hour" || by === "day" ? by : "auto",
    tz: knownZone(tz) ? tz : zone, team: id("team"), agent: id("agent"), compare: p.get("compare") !== "off",
  };
}

/** The address's query, or "": only what is not as it is by itself. */
export function writeScope(s: Scope, more: Readonly<Record<string, string>> = {}, zone = here()): string {
  const p = new URLSearchParams();
  if (s.range === "custom") {
    p.set("since", s.since);
    p.set("until", s.until);
  } else if (s.range !== "7d") p.set("range", s.range);
  if (s.by !== "auto") p.set("by", s.by);
  if (s.tz !== zone) p.set("tz", s.tz);
  if (s.team !== "") p.set("team", s.team);
  if (s.agent !== "") p.set("agent", s.agent);
  if (!s.compare) p.set("compare", "off");
  for (const [k, v] of Object.entries(more)) if (v !== "") p.set(k, v);
  return p.size > 0 ? `?${p}` : "";
}

/** The day that it is in a zone. */
export function today(tz: string, now: number): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone: tz, year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(now);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
}

/** Another day, n later. */
export function later(day: string, n: number): string {
  return new Date(Date.parse(day) + n * 86_400_000).toISOString().slice(0, 10);
}

export function days(s: Span): number {
  return Math.round((Date.parse(s.until) - Date.parse(s.since)) / 86_400_000) + 1;
}

/** Which days a scope means now. */
export function spanOf(s: Scope, now: number): Span {
  const day = today(s.tz, now);
  switch (s.range) {
    case "custom": return { since: s.since, until: s.until };
    case "today": return { since: day, until: day };
    case "yesterday": return { since: later(day, -1), until: later(day, -1) };
    case "28d": return { since: later(day, -27), until: day };
    case "90d": return { since: later(day, -89), until: day };
    case "month": return { since: `${day.slice(0, 8)}01`, until: day };
    case "lastmonth": {
      const until = later(`${day.slice(0, 8)}01`, -1);
      return { since: `${until.slice(0, 8)}01`, until };
    }
    default: return { since: later(day, -6), until: day };
  }
}

/** As many days, just before. */
export function before(s: Span): Span {
  return { since: later(s.since, -days(s)), until: later(s.since, -1) };
}

/** How long a row's time is: what was asked for, where the API can, and otherwise what gives a readable chart. */
export function intervalOf(s: Scope, span: Span): Interval {
  if (days(span) > longestByHour) return "day";
  return s.by !== "auto" ? s.by : days(span) <= 2 ? "hour" : "day";
}

type Query = NonNullable<Api["GET /reports/volume"]["query"]>;

/** What the API is asked with. */
export function toQuery(s: Scope, span: Span): Omit<Query, "interval" | "format"> {
  return { since: span.since, until: span.until, timezone: s.tz, ...(s.team === "" ? {} : { team: s.team }), ...(s.agent === "" ? {} : { agent: s.agent }) };
}
