import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Sometime } from "./stale.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("consoles do not all ask at once, and each asks once", () => {
  const asked: number[] = [];
  const began = Date.now();
  const all = [0.1, 0.5, 0.9].map((chance) => {
    vi.spyOn(Math, "random").mockReturnValue(chance);
    const s = new Sometime(1000, () => asked.push(Date.now() - began));
    s.touch();
    s.touch();
    return s;
  });
  all[1]!.clear();
  vi.advanceTimersByTime(5000);
  expect(asked).toEqual([100, 900]);
});
