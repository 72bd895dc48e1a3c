import { expect, test } from "vitest";
import { before, days, intervalOf, later, readScope, spanOf, today, toQuery, writeScope } from "./range.ts";

const now = Date.parse("2026-03-01T02:30:00Z");
const at = (search: string) => readScope(search, "UTC");

test("an address says what a report shows, and back", () => {
  for (const s of ["", "?range=28d", "?since=2026-01-01&until=2026-01-31&by=hour", "?range=today&tz=Asia%2FShanghai&compare=off", "?team=0192f0c1-0000-7000-8000-000000000001"]) expect(writeScope(at(s), {}, "UTC")).toBe(s);
  expect(writeScope(at(""), { metric: "closed", sort: "" }, "UTC")).toBe("?metric=closed");
});

test("what makes no sense is not there", () => {
  for (const s of ["?range=custom", "?range=x", "?since=2026-02-30&until=2026-03-01", "?since=2026-02-02&until=2026-02-01", "?since=2020-01-01&until=2026-01-01", "?by=week", "?tz=Mars/Base", "?team=1", "?agent=%3Cscript%3E"]) {
    expect(writeScope(at(s), {}, "UTC"), s).toBe("");
  }
});

test("days are those of the zone", () => {
  expect(today("UTC", now)).toBe("2026-03-01");
  expect(today("America/New_York", now)).toBe("2026-02-28");
  expect(today("Asia/Shanghai", Date.parse("2026-12-31T16:00:00Z"))).toBe("2027-01-01");
  expect(spanOf(at("?range=yesterday&tz=America%2FNew_York"), now)).toEqual({ since: "2026-02-27", until: "2026-02-27" });
  expect(spanOf(at(""), now)).toEqual({ since: "2026-02-23", until: "2026-03-01" });
  expect(spanOf(at("?range=lastmonth"), now)).toEqual({ since: "2026-02-01", until: "2026-02-28" });
  expect(spanOf(at("?range=month"), now)).toEqual({ since: "2026-03-01", until: "2026-03-01" });
});

test("the time before has as many days and touches it", () => {
  const span = { since: "2026-03-01", until: "2026-03-28" };
  expect(days(span)).toBe(28);
  expect(before(span)).toEqual({ since: "2026-02-01", until: "2026-02-28" });
  expect(before({ since: "2026-03-29", until: "2026-03-29" })).toEqual({ since: "2026-03-28", until: "2026-03-28" });
  expect(later("2024-02-28", 2)).toBe("2024-03-01");
});

test("hours only where the API has them", () => {
  expect(intervalOf(at("?range=today"), { since: "2026-03-01", until: "2026-03-01" })).toBe("hour");
  expect(intervalOf(at(""), { since: "2026-02-23", until: "2026-03-01" })).toBe("day");
  expect(intervalOf(at("?by=hour"), { since: "2026-02-23", until: "2026-03-01" })).toBe("hour");
  expect(intervalOf(at("?by=hour"), { since: "2026-01-01", until: "2026-02-01" })).toBe("day");
  expect(intervalOf(at("?by=day&range=today"), { since: "2026-03-01", until: "2026-03-01" })).toBe("day");
});

test("the API is asked for no filters that are not set", () => {
  expect(toQuery(at("?tz=Asia%2FShanghai"), { since: "2026-03-01", until: "2026-03-02" })).toEqual({ since: "2026-03-01", until: "2026-03-02", timezone: "Asia/Shanghai" });
});
