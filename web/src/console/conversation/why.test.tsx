import { expect, test } from "vitest";
import { completeMessage } from "../../shared/packets.ts";
import { words } from "../i18n/index.ts";
import { assignment, reasonText } from "./why.tsx";

const change = (seq: number, body: object) => completeMessage({ conv: "c", seq, mid: `${seq}`, kind: "system", body });

test("the newest change that gave it to whoever has it", () => {
  const list = [change(1, { event: "conversation.created" }), change(2, { event: "conversation.assigned", assignee_id: "a", why: "x" }), change(3, { event: "conversation.transferred", assignee_id: "b" }), change(4, { event: "conversation.closed" })];
  expect(assignment(list, "b")?.seq).toBe(3);
  expect(assignment(list, "a")?.seq).toBe(2);
  expect(assignment(list, "z")).toBeNull();
  expect(assignment(list, null)?.seq).toBe(3);
});

test("routing's reasons in words", () => {
  const t = words();
  expect(reasonText("least loaded: 2 of 5", t)).toBe("had the fewest conversations: 2 of 5");
  expect(reasonText("next in turn: 0 of 8", t)).toBe("was next in turn: 0 of 8");
  expect(reasonText("answered this visitor last", t)).toBe("answered this visitor last");
  expect(reasonText("<b>new</b>", t)).toBe("<b>new</b>");
});
