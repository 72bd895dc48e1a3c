import { render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { completeMessage, type Message } from "../../shared/packets.ts";
import type { Conversation } from "../api/schema.ts";
import { words } from "../i18n/index.ts";
import { assignment, mostPages, reasons, reasonText, Why } from "./why.tsx";

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

test("an agent who was silent before is a sentence of its own", () => {
  const t = words();
  expect(reasons("Bob did not answer within 120 s; least loaded: 1 of 5", t)).toEqual(["Bob did not answer within 120 s.", "Because this agent had the fewest conversations: 1 of 5."]);
  expect(reasons("A did not answer within 5 s; B did not answer within 60 s; answered this visitor last", t)).toHaveLength(2); // a name may be anything
  expect(reasons("", t)).toEqual([]);
});

test("how it came to an agent is looked for further back, but not without end", () => {
  const older = vi.fn();
  const who = { name: () => "Alice", visitor: "Mia" };
  const why = (messages: readonly Message[]) => <Why c={{ status: "open", assignee_id: "a" } as Conversation} messages={messages} who={who} older={older} />;
  const page = render(why([change(90, { event: "conversation.labels_updated" })]));
  page.rerender(why([change(50, { event: "conversation.labels_updated" })]));
  expect(older).toHaveBeenCalledTimes(2);
  page.rerender(why([change(7, { event: "conversation.assigned", assignee_id: "a", assignee_name: "Alice", why: "next in turn: 1 of 5" })]));
  expect(older).toHaveBeenCalledTimes(2);
  expect(screen.getByTestId("why").textContent).toContain("next in turn: 1 of 5");
  page.unmount();
  older.mockClear();
  const other = render(why([]));
  for (let n = 0; n < mostPages + 5; n++) other.rerender(why([change(100 - n, { event: "conversation.updated" })]));
  expect(older).toHaveBeenCalledTimes(mostPages);
});
