// Times of a report in words, in its own time zone.

import { locale } from "../i18n/index.ts";
import type { Interval, Span } from "./range.ts";

const format = (o: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale(), o);

/** Days from the first to the last one. */
export function spanText(s: Span): string {
  const f = format({ month: "short", day: "numeric", year: "numeric", timeZone: "UTC" });
  return s.since === s.until ? f.format(Date.parse(s.since)) : f.formatRange(Date.parse(s.since), Date.parse(s.until));
}

/** What stands below the chart for each row, and what it is in full. */
export function labels(starts: readonly string[], by: Interval, tz: string): { short: string[]; long: string[] } {
  const day = format({ month: "numeric", day: "numeric", timeZone: tz }), hour = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: tz });
  const long = format({ weekday: "short", month: "short", day: "numeric", ...(by === "hour" ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : {}), timeZone: tz });
  const times = starts.map((s) => Date.parse(s));
  return {
    short: times.map((x) => (by === "day" ? day.format(x) : hour.format(x) === "00:00" && times.length > 24 ? day.format(x) : hour.format(x))),
    long: times.map((x) => long.format(x)),
  };
}
