import { expect, test } from "vitest";
import { data, drawn, places, stacked, type Plot } from "../ui/plot.ts";
import { align, brief, change, count, heat, percent, score, seconds, share, sorted, week } from "./figures.ts";

test("numbers for people", () => {
  expect([count(1234.4), brief(9999), brief(12_345), score(4.256), percent(.254), percent(.0123), percent(0)]).toEqual(["1,234", "9,999", "12.3K", "4.26", "25%", "1.2%", "0%"]);
  expect([seconds(0), seconds(.2), seconds(59), seconds(95), seconds(5400)]).toEqual(["0s", "<1s", "59s", "1m 35s", "1h 30m"]);
  expect(share(1, 4)).toBe(.25);
  expect(share(1, 0)).toBeNull();
});

test("a change says whether it is a good one", () => {
  expect(change(125, 100, "more")).toEqual({ by: .25, good: true });
  expect(change(125, 100, "less")).toEqual({ by: .25, good: false });
  expect(change(50, 100, "less")).toEqual({ by: -.5, good: true });
  expect(change(100, 100, "more")).toEqual({ by: 0, good: null });
  expect(change(3, 0, "more")).toBeNull();
  expect(change(null, 4, "more")).toBeNull();
});

test("what was before is laid beside what is, place by place", () => {
  expect(align([1, null, 3], 2)).toEqual([1, null]);
  expect(align([1], 3)).toEqual([1, null, null]);
});

test("the week is by days and hours, whatever the order", () => {
  const rows = week([{ weekday: 7, hour: 23, n: 2 }, { weekday: 1, hour: 0, n: 1 }]);
  expect(rows.length).toBe(7);
  expect(rows.every((r) => r.length === 24)).toBe(true);
  expect([rows[0]![0]?.n, rows[6]![23]?.n, rows[3]![3]]).toEqual([1, 2, undefined]);
  expect([heat(0, 9), heat(9, 9), heat(1, 10_000), heat(1, 0)]).toEqual([0, 1, .08, 0]);
});

test("rows are sorted with the unknown at the end, both ways", () => {
  const rows = [{ n: 2 }, { n: null }, { n: 9 }];
  expect(sorted(rows, (r) => r.n, true).map((r) => r.n)).toEqual([9, 2, null]);
  expect(sorted(rows, (r) => r.n, false).map((r) => r.n)).toEqual([2, 9, null]);
});

const plot: Plot = { kind: "bars", labels: ["a", "b"], format: String, series: [
  { name: "one", values: [1, 2], colour: "1" }, { name: "two", values: [3, null], colour: "2" }, { name: "before", values: [7, 8], colour: "0", dashed: true },
] };

test("bars stand on each other, the tallest drawn first; a dashed line stands for itself, in front", () => {
  expect(stacked(plot.series)).toEqual([[1, 2], [4, 2], [7, 8]]);
  expect(drawn(plot).map((x) => x.s.name)).toEqual(["two", "one", "before"]);
  expect(data(plot)).toEqual([[0, 1], [4, 2], [1, 2], [7, 8]]);
  expect(drawn({ ...plot, kind: "lines" }).map((x) => x.s.name)).toEqual(["before", "one", "two"]);
});

test("labels have room", () => {
  expect(places(7, 700, 70)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(places(24, 420, 70)).toEqual([0, 4, 8, 12, 16, 20]);
  expect(places(0, 100, 70)).toEqual([]);
});
