import { expect, test } from "vitest";
import type { Conversation } from "../api/schema.ts";
import { doneSteps, isNew } from "./progress.ts";

const conv = (assignee: string | null, role?: "visitor" | "agent", sender = "") => ({ assignee_id: assignee, last_message: role === undefined ? null : ({ role, sender } as Conversation["last_message"]) });

test("what is done is seen in what is there", () => {
  expect([...doneSteps([], "me")]).toEqual([]);
  expect([...doneSteps([conv(null, "visitor")], "me")]).toEqual(["try"]);
  expect([...doneSteps([conv("me", "visitor")], "me")]).toEqual(["try", "accept"]);
  expect([...doneSteps([conv("me", "agent", "me")], "me")]).toEqual(["try", "accept", "answer"]);
  expect([...doneSteps([conv("bob", "agent", "bob")], "me")]).toEqual(["try"]);
});

test("the guide comes where nobody was answered yet", () => {
  expect(isNew([])).toBe(true);
  expect(isNew([conv("me", "visitor")])).toBe(true);
  expect(isNew([conv("me", "agent")])).toBe(false);
});
