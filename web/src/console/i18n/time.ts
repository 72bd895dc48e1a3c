// Times and durations in words.

import { useSyncExternalStore } from "react";
import { locale, say, words } from "./index.ts";

const minute = 60_000, hour = 60 * minute, day = 24 * hour;

/** "now", "5m", "3h", "2d", or a date: how long ago something was, for lists. */
export function ago(ms: number, now = Date.now()): string {
  const t = words().time;
  const d = now - ms;
  if (d < minute) return t.now;
  if (d < hour) return say(t.minutes, { n: Math.floor(d / minute) });
  if (d < day) return say(t.hours, { n: Math.floor(d / hour) });
  if (d < 7 * day) return say(t.days, { n: Math.floor(d / day) });
  return date(ms);
}

/** A length of time, in its two largest units. */
export function duration(ms: number): string {
  const t = words().time;
  const s = Math.round(ms / 1000);
  if (s < 60) return say(t.seconds, { n: s });
  if (s < 3600) return say(t.minutes, { n: Math.floor(s / 60) }) + (s < 600 && s % 60 > 0 ? ` ${say(t.seconds, { n: s % 60 })}` : "");
  if (s < 86_400) return say(t.hours, { n: Math.floor(s / 3600) }) + (s % 3600 >= 60 ? ` ${say(t.minutes, { n: Math.floor((s % 3600) / 60) })}` : "");
  return say(t.days, { n: Math.floor(s / 86_400) });
}

/** The day: "Nov 26", with the year if it is another. */
export function date(ms: number): string {
  const year = new Date(ms).getFullYear() !== new Date().getFullYear();
  return new Intl.DateTimeFormat(locale(), { month: "short", day: "numeric", ...(year ? { year: "numeric" } : {}) }).format(ms);
}

/** The time of day: "14:05". */
export function clock(ms: number): string {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

/** Day and time. */
export function moment(ms: number): string {
  return new Date(ms).toDateString() === new Date().toDateString() ? clock(ms) : `${date(ms)} ${clock(ms)}`;
}

let now = Date.now();
const listeners = new Set<() => void>();
let timer = 0;

function subscribe(f: () => void): () => void {
  listeners.add(f);
  if (timer === 0) {
    now = Date.now();
    timer = window.setInterval(() => {
      now = Date.now();
      for (const l of listeners) l();
    }, 15_000);
  }
  return () => {
    listeners.delete(f);
    if (listeners.size === 0) {
      window.clearInterval(timer);
      timer = 0;
    }
  };
}

/** The time, moving on every quarter of a minute: for what grows old on the screen. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
