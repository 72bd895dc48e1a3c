// The scope of the report that is shown, and changing it; the answers of the API for it and for the time before.

import { useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { useGet, type Path } from "../api/query.ts";
import { before, intervalOf, readScope, spanOf, toQuery, writeScope, type Interval, type Scope, type Span } from "./range.ts";

export interface Shown extends Scope {
  span: Span;
  previous: Span;
  interval: Interval;
  query: ReturnType<typeof toQuery>;
  change: (s: Partial<Scope>, more?: Readonly<Record<string, string>>) => void;
  /** The address of another report with this scope. */
  href: (path: string, s?: Partial<Scope>) => string;
}

const kept = ["metric", "sort", "up"] as const; // of the report itself

export function useScope(): Shown {
  const search = useSearch();
  const [at, go] = useLocation();
  return useMemo(() => {
    const s = readScope(search);
    const span = spanOf(s, Date.now());
    const p = new URLSearchParams(search);
    const own = Object.fromEntries(kept.map((k) => [k, p.get(k) ?? ""]));
    return {
      ...s, span, previous: before(span), interval: intervalOf(s, span), query: toQuery(s, span),
      change: (c, more = {}) => go(`${at === "" ? "/" : at}${writeScope({ ...s, ...c }, { ...own, ...more })}`, { replace: true }),
      href: (path, c = {}) => `${path}${writeScope({ ...s, ...c })}`,
    };
  }, [search, at, go]);
}

type Over = Extract<Path, "/reports/overview" | "/reports/agents" | "/reports/teams" | "/reports/hours">;
type Series = Extract<Path, "/reports/volume" | "/reports/first-response" | "/reports/resolution" | "/reports/ratings" | "/reports/handoffs">;

const fresh = { staleTime: 60_000, every: 60_000, keep: true };

/** A report of the whole time. */
export function useReport<P extends Over>(path: P, s: Shown) {
  return useGet(path, { query: s.query } as never, fresh);
}

/** A report over time. */
export function useSeries<P extends Series>(path: P, s: Shown) {
  return useGet(path, { query: { ...s.query, interval: s.interval } } as never, fresh);
}

/** The same of the time before, if a comparison is wanted. */
export function useBefore<P extends Over | Series>(path: P, s: Shown, over: boolean) {
  const args = { query: { ...toQuery(s, s.previous), ...(over ? {} : { interval: s.interval }) } };
  const q = useGet(path, args as never, { enabled: s.compare, staleTime: 600_000 });
  return s.compare ? q.data : undefined;
}
