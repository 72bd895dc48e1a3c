import { expect, test } from "vitest";
import type { OutboxEntry } from "../../shared/outbox.ts";
import { completeMessage, type Message } from "../../shared/packets.ts";
import { fold } from "./fold.ts";

const noon = new Date(2026, 10, 26, 12).getTime();
let seq = 0;

function message(m: Partial<Message>): Message {
  seq++;
  return completeMessage({ conv: "00000000-0000-4000-8000-000000000001", seq, prev: seq - 1, mid: mid(seq), cmid: cmid(seq), sender: mid(900), role: "visitor", time: noon + seq * 1000, body: { text: `m${seq}` }, ...m });
}
const mid = (n: number) => `00000000-0000-8000-8000-${String(n).padStart(12, "0")}`;
const cmid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`;
const change = (event: string, body: object = {}, m: Partial<Message> = {}) => message({ kind: "system", role: "system", sender: "", body: { event, ...body }, ...m });
const entry = (e: Partial<OutboxEntry>): OutboxEntry => ({
  cmid: cmid(500), conv: "c", kind: "text", visibility: "public", body: { text: "out" }, time: noon + 60_000, device: "d", state: "waiting", tried: false, seq: 0, code: 0, reason: "", ...e,
});

test("runs of one sender, broken by notes, changes, time and days", () => {
  const items = fold([
    message({}), message({}), message({ visibility: "internal" }), message({}), change("conversation.closed"), message({}), message({ time: noon + 3_600_000 }), message({ time: noon + 86_400_000 }),
  ], [], 99);
  expect(items.map((i) => (i.type === "message" ? (i.first ? "first" : "more") : i.type))).toEqual(["day", "first", "more", "first", "first", "change", "first", "first", "day", "first"]);
});

test("edits and recalls change what was said, and have no line of their own", () => {
  const a = message({}), b = message({});
  const items = fold([a, b, change("message.updated", { mid: a.mid, body: { text: "new" } }), change("message.recalled", { mid: b.mid }), change("message.updated", { mid: b.mid, body: { text: "back?" } })], [], 99);
  expect(items).toHaveLength(3);
  expect(items[1]).toMatchObject({ body: { text: "new" }, edited: true });
  expect(items[2]).toMatchObject({ body: null, edited: false });
});

test("what is on its way stands at the end until the log has it, under the same key", () => {
  const sent = message({ cmid: cmid(500) });
  expect(fold([sent], [entry({ state: "accepted", seq: sent.seq })], sent.seq)).toHaveLength(2);
  expect(fold([], [entry({ state: "accepted", seq: 7 })], 7)).toHaveLength(0);
  const waiting = fold([message({})], [entry({})], 3);
  expect(waiting.at(-1)).toMatchObject({ type: "pending", first: true, key: fold([sent], [], 9).at(-1)!.key });
});
