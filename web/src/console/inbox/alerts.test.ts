import { expect, test } from "vitest";
import { given } from "./alerts.ts";

test("only what somebody else gave counts", () => {
  const m = (body: object, kind: "system" | "text" = "system") => ({ kind, body: body as Record<string, unknown> });
  expect(given(m({ event: "conversation.assigned", assignee_id: "me" }), "me")).toBe(true);
  expect(given(m({ event: "conversation.transferred", assignee_id: "me", by: "bob" }), "me")).toBe(true);
  expect(given(m({ event: "conversation.assigned", assignee_id: "me", by: "me" }), "me")).toBe(false);
  expect(given(m({ event: "conversation.assigned", assignee_id: "bob" }), "me")).toBe(false);
  expect(given(m({ event: "conversation.assigned", assignee_id: "me" }, "text"), "me")).toBe(false);
});
