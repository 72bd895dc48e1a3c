import { expect, test } from "vitest";
import { can } from "./actions.ts";

test("a conversation is handed to a bot only where one answers", () => {
  const open = { status: "open", assignee_id: "me" } as const, me = { id: "me", role: "agent" } as const;
  expect([can(open, me, true).toBot, can({ ...open, status: "queued" }, me, true).toBot, can({ ...open, status: "closed" }, me, true).toBot]).toEqual([true, true, false]);
  expect([can(open, me, false).toBot, can(open, me).toBot, can(open, { ...me, role: "viewer" }, true).toBot]).toEqual([false, false, false]);
});
