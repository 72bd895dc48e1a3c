import { expect, test } from "vitest";
import { levelOf, levels, priorities } from "./priority.ts";

test("every number has a level", () => {
  expect([1000, 100, 99, 50, 1, 0, -1, -50, -1000].map(levelOf)).toEqual(["urgent", "urgent", "high", "high", "normal", "normal", "low", "low", "low"]);
  for (const l of levels) expect(levelOf(priorities[l])).toBe(l);
});
