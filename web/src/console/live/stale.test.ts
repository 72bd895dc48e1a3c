import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Sometime, Throttle } from "./stale.ts";

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

test("lists are read at once after a quiet time, and seldom in a busy one", () => {
  vi.spyOn(Math, "random").mockReturnValue(.5);
  const asked: number[] = [];
  const began = Date.now();
  const lists = new Throttle(400, 3000, () => asked.push(Date.now() - began));
  const busy = window.setInterval(() => lists.touch(), 100);
  vi.advanceTimersByTime(30_000);
  window.clearInterval(busy);
  expect(asked.slice(0, 5)).toEqual([100, 500, 1300, 2900, 5900]);
  expect(asked.length).toBe(13);
  vi.advanceTimersByTime(10_000);
  const before = asked.length;
  lists.touch();
  expect(asked.length).toBe(before + 1);
});
