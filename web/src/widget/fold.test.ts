import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../shared/packets.ts";
import { fold } from "./fold.ts";

let seq = 0;
const noon = new Date(2027, 4, 5, 12).getTime();
const say = (role: Message["role"], text: string, at = noon, more: Partial<Message> = {}): Message => ({
  conv: "c", seq: ++seq, prev: 0, mid: `m${seq}`, cmid: "", sender: role, role, kind: "text", visibility: "public", time: at, reply_to: "", body: { text }, ...more,
});
const change = (event: string, body = {}, at = noon) => say("system", "", at, { kind: "system", body: { event, ...body } });
const outline = (messages: Message[]) => fold(messages).items.map((i) => (i.type === "message" ? `${i.first ? "[" : ""}${i.body === null ? "-" : String(i.body["text"])}${i.edited ? "*" : ""}${i.last ? "]" : ""}` : i.type)).join(" ");

test("runs of one sender, days, and changes in between", () => {
  assert.equal(outline([
    change("conversation.created"), say("visitor", "a"), say("visitor", "b", noon + 60_000), say("visitor", "c", noon + 600_000), change("conversation.assigned"),
    say("agent", "d", noon + 700_000), say("agent", "e", noon + 86_400_000),
  ]), "day [a b] [c] change [d] day [e]");
});

test("edits and recalls are made, and a recall is for ever", () => {
  const [a, b] = [say("agent", "a"), say("agent", "b")];
  assert.equal(outline([a, b, change("message.updated", { mid: a.mid, body: { text: "A" } }), change("message.recalled", { mid: b.mid }), change("message.updated", { mid: b.mid, body: { text: "B" } })]), "day [A* -]");
});

test("what has ended, was rated, is whose", () => {
  assert.equal(fold([say("visitor", "a"), change("conversation.closed")]).closed, true);
  assert.equal(fold([change("conversation.closed"), change("conversation.rated", { rating: 4 })]).rated, 4);
  assert.equal(fold([change("conversation.closed"), change("conversation.rated", { rating: 4 }), change("conversation.reopened")]).rated, 0);
  assert.equal(fold([say("bot", "hi")]).withBot, true);
  assert.equal(fold([say("bot", "hi"), change("conversation.handoff", { to: "human" })]).withBot, false);
  assert.equal(fold([change("conversation.assigned", { assignee_name: "Mei" })]).agent, "Mei");
});
