import { expect, test } from "vitest";
import { days, flaw, summary, usual, weeklyOf, weekOf } from "./week.ts";

const names = Object.fromEntries(days.map((d) => [d, d])) as Record<(typeof days)[number], string>;

test("a week comes back as it was, sorted, with midnight as 24:00", () => {
  const weekly = [{ day: "mon", from: "14:00", to: "24:00" }, { day: "mon", from: "09:00", to: "12:00" }, { day: "sun", from: "00:00", to: "24:00" }] as const;
  const week = weekOf(weekly);
  expect(week.mon).toEqual([{ from: "09:00", to: "12:00" }, { from: "14:00", to: "00:00" }]);
  expect(weeklyOf(week)).toEqual([weekly[1], weekly[0], weekly[2]]);
});

test("what is wrong with a day", () => {
  expect(flaw([])).toBeNull();
  expect(flaw([{ from: "22:00", to: "00:00" }])).toBeNull();
  expect(flaw([{ from: "09:00", to: "12:00" }, { from: "12:00", to: "13:00" }])).toBeNull();
  expect(flaw([{ from: "09:00", to: "" }])).toBe("time");
  expect(flaw([{ from: "22:00", to: "06:00" }])).toBe("order");
  expect(flaw([{ from: "13:00", to: "15:00" }, { from: "09:00", to: "13:01" }])).toBe("overlap");
});

test("a week in a line", () => {
  expect(summary(usual, names, "closed")).toBe("mon–fri 09:00–18:00");
  expect(summary([], names, "closed")).toBe("closed");
  expect(summary([{ day: "tue", from: "10:00", to: "24:00" }], names, "closed")).toBe("tue 10:00–24:00");
});
