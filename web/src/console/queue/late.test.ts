import { expect, test } from "vitest";
import { isLate, mood, promised, waits } from "./late.ts";

const now = Date.parse("2026-03-01T10:00:00Z");
const c = (seconds: number, team_id: string | null = null) => ({ team_id, queued_at: new Date(now - seconds * 1000).toISOString() });
const promises = [{ first_response_seconds: 120 }, { team_id: "a", first_response_seconds: 30 }, { team_id: "b", first_response_seconds: 0 }];

test("a team's own promise comes before that of all", () => {
  expect([promised(null, promises), promised("a", promises), promised("b", promises), promised("c", promises), promised("a", [])]).toEqual([120, 30, null, 120, null]);
});

test("who is late", () => {
  expect([isLate(c(121), promises, now), isLate(c(120), promises, now), isLate(c(31, "a"), promises, now), isLate(c(9999, "b"), promises, now)]).toEqual([true, false, true, false]);
  expect(waits({ team_id: null, queued_at: null }, now)).toBe(0);
  expect(waits(c(-5), now)).toBe(0); // a clock that is behind
});

test("how the queue stands", () => {
  const q = { waiting: 0, agents_online: 1, longest_wait_seconds: 0 };
  expect([mood(q, 0), mood({ ...q, waiting: 1 }, 0), mood({ ...q, waiting: 1 }, 1), mood({ ...q, agents_online: 0 }, 0), mood({ ...q, waiting: 1, agents_online: 0 }, 0), mood({ ...q, waiting: 1, longest_wait_seconds: 601 }, 0)])
    .toEqual(["good", "warn", "bad", "warn", "bad", "bad"]);
});
