import { expect, test } from "vitest";
import { given, newcomers } from "./alerts.ts";

test("only what somebody else gave counts", () => {
  const m = (body: object, kind: "system" | "text" = "system") => ({ kind, body: body as Record<string, unknown> });
  expect(given(m({ event: "conversation.assigned", assignee_id: "me" }), "me")).toBe(true);
  expect(given(m({ event: "conversation.transferred", assignee_id: "me", by: "bob" }), "me")).toBe(true);
  expect(given(m({ event: "conversation.assigned", assignee_id: "me", by: "me" }), "me")).toBe(false);
  expect(given(m({ event: "conversation.assigned", assignee_id: "bob" }), "me")).toBe(false);
  expect(given(m({ event: "conversation.assigned", assignee_id: "me" }, "text"), "me")).toBe(false);
});

test("only who began to wait after the last that was seen is new", () => {
  const c = (second: number) => ({ queued_at: new Date(second * 1000).toISOString() });
  expect(newcomers([c(5), c(9)], null)).toEqual({ fresh: [], seen: 9000 }); // who waited before this page was opened
  expect(newcomers([], null)).toEqual({ fresh: [], seen: 0 });
  expect(newcomers([c(1)], 0).fresh).toEqual([c(1)]);
  expect(newcomers([c(7), c(9)], 9000)).toEqual({ fresh: [], seen: 9000 }); // an old one comes onto the page again
  expect(newcomers([c(10), c(9), c(12)], 9000)).toEqual({ fresh: [c(12), c(10)], seen: 12_000 });
  expect(newcomers([c(5)], 9000).seen).toBe(9000); // the newest was taken
  expect(newcomers([{ queued_at: null }], 0).fresh).toEqual([]);
});
