import { expect, test } from "vitest";
import { addressOf, countFilters, noFilters, readAt, readFilters, toQuery, writeFilters, type Filters } from "./filters.ts";

test("filters survive the address", () => {
  for (const f of [
    noFilters, { ...noFilters, view: "closed" as const, q: "运费 100% & more", assignee: "none", team: "t", label: "vip", since: "2026-11-01", until: "2026-11-26" },
  ] satisfies Filters[]) expect(readFilters(writeFilters(f))).toEqual(f);
  expect(writeFilters(noFilters)).toBe("");
});

test("nonsense in the address counts as nothing", () => {
  expect(readFilters("?view=evil&since=yesterday&until=2026-1-1&x=1")).toEqual(noFilters);
});

test("a hit's address leads to its message", () => {
  const match = { mid: "m", seq: 7, snippet: "" };
  expect(addressOf({ id: "c" })).toBe("/inbox/c");
  expect(addressOf({ id: "c", match })).toBe("/inbox/c?at=7");
  const whole = addressOf({ id: "c", match }, { ...noFilters, view: "all", q: "x" });
  expect([readAt(whole.split("?")[1]!), readFilters(whole.split("?")[1]!).q]).toEqual([7, "x"]);
  for (const at of ["", "at=x", "at=-1", "at=1.5", "at=1e300"]) expect(readAt(at)).toBe(0);
});

test("what the API is asked", () => {
  expect(toQuery(noFilters)).toEqual({ limit: 50, status: "open", assignee: "me" });
  expect(toQuery({ ...noFilters, view: "all", q: "  " })).toEqual({ limit: 50 });
  expect(toQuery({ ...noFilters, view: "queued" })).toEqual({ limit: 50, status: "queued", sort: "waiting" }); // who waits longest comes first
  expect(toQuery({ ...noFilters, view: "queued", q: "x" })).toEqual({ limit: 50, status: "queued", q: "x" });
  const q = toQuery({ ...noFilters, view: "closed", assignee: "a", since: "2026-11-26", until: "2026-11-26" });
  expect(q).toMatchObject({ status: "closed", assignee: "a" });
  expect(Date.parse(q.until!) - Date.parse(q.since!)).toBe(86_400_000);
  expect(new Date(q.since!).getHours()).toBe(0);
});

test("how many filters are set", () => {
  expect(countFilters(noFilters)).toBe(0);
  expect(countFilters({ ...noFilters, view: "open", assignee: "a", label: "l", since: "2026-11-26", until: "2026-11-27", q: "x" })).toBe(3);
});
