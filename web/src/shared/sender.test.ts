import assert from "node:assert/strict";
import { test } from "node:test";
import { TestClock, TestStorage } from "../testing/clock.ts";
import { Outbox } from "./outbox.ts";
import type { ErrorPacket } from "./packets.ts";
import { Sender } from "./sender.ts";

function setUp(window = 8) {
  const clock = new TestClock();
  const storage = new TestStorage();
  const outbox = new Outbox("k", storage, () => clock.now());
  const sent: any[] = [];
  const moves: string[][] = [];
  let rid = 0;
  const sender = new Sender({
    clock, outbox, device: "me",
    send: (p) => sent.push(p) > 0,
    nextRid: () => ++rid,
    changed: () => {},
    moved: (from, to) => moves.push([from, to]),
  });
  sender.up(window, new Map());
  const write = (text: string, conv = "c") => {
    const e = outbox.add(conv, "text", "public", { text }, "me");
    sender.pump();
    return e.cmid;
  };
  const refuse = (code: number, more: Partial<ErrorPacket> = {}) =>
    sender.refused({ type: "error", rid, code, retryable: code === 503 || code === 504, retry_after: 0, message: "why", conv: "", ...more });
  const texts = () => sent.map((p) => `${p.body.text}${p.dup ? "+" : ""}`).join(" ");
  return { clock, storage, outbox, sent, moves, sender, write, refuse, texts };
}

test("one message at a time in a conversation, as many conversations as the window allows", () => {
  const t = setUp(2);
  const a = t.write("a");
  t.write("b");
  t.write("c", "d");
  t.write("d", "e");
  assert.equal(t.texts(), "a c");
  t.sender.accepted(a, 5);
  assert.equal(t.texts(), "a c b");
});

test("the same message goes again: after a reconnect, after silence, after 504, always as DUP", async () => {
  const t = setUp();
  t.write("a");
  t.sender.down();
  t.sender.up(8, new Map());
  await t.clock.pass(10_000);
  t.refuse(504, { retryable: true, retry_after: 700 });
  await t.clock.pass(699);
  assert.equal(t.texts(), "a a+ a+");
  await t.clock.pass(1);
  assert.equal(t.texts(), "a a+ a+ a+");
  assert.equal(new Set(t.sent.map((p) => p.cmid)).size, 1);
});

test("a page that dies between sending and the answer sends it as DUP in its next life", () => {
  const t = setUp();
  t.write("a");
  assert.ok(new Outbox("k", t.storage).all()[0]!.tried);
});

test("429 stops everything for as long as told", async () => {
  const t = setUp();
  t.write("a");
  t.refuse(429, { retry_after: 2000, retryable: true });
  t.write("b", "d");
  await t.clock.pass(1999);
  assert.equal(t.texts(), "a");
  await t.clock.pass(1);
  assert.equal(t.texts(), "a a+ b");
});

test("a message that waits holds back those behind it", async () => {
  const t = setUp();
  t.write("a");
  t.write("b");
  t.refuse(503, { retry_after: 3000 });
  assert.equal(t.texts(), "a");
  await t.clock.pass(3000);
  assert.equal(t.texts(), "a a+");
});

test("a final error fails the message with its reason and lets the next one go", () => {
  const t = setUp();
  const a = t.write("a");
  t.write("b");
  t.refuse(413);
  assert.deepEqual([t.outbox.get(a)!.state, t.outbox.get(a)!.code, t.outbox.get(a)!.reason], ["failed", 413, "why"]);
  assert.equal(t.texts(), "a b");
  t.outbox.retry(a, "me");
  t.sender.pump();
  assert.equal(t.outbox.get(a)!.state, "waiting");
});

test("500 is tried a few times, then it fails", async () => {
  const t = setUp();
  const a = t.write("a");
  for (let i = 0; i < 4; i++) {
    t.refuse(500);
    await t.clock.pass(5000);
  }
  assert.equal(t.texts(), "a a+ a+ a+");
  assert.equal(t.outbox.get(a)!.state, "failed");
});

test("409 with another conversation moves the message and what was to follow it", () => {
  const t = setUp();
  t.write("a");
  t.write("b");
  t.refuse(409, { conv: "open" });
  assert.deepEqual(t.moves, [["c", "open"]]);
  assert.deepEqual(t.sent.at(-1).conv, "open");
  assert.deepEqual(t.outbox.all().map((e) => e.conv), ["open", "open"]);
});

test("409 without one is a used cmid: trying again takes a new one", () => {
  const t = setUp();
  const a = t.write("a");
  t.refuse(409);
  assert.equal(t.outbox.get(a)!.state, "failed");
  t.outbox.retry(a, "me");
  t.sender.pump();
  assert.equal(t.outbox.get(a), undefined);
  assert.notEqual(t.sent.at(-1).cmid, a);
});

test("accepted messages stay until DURABLE, and go again unless the resume covers them", () => {
  const t = setUp();
  const a = t.write("a");
  t.sender.accepted(a, 5);
  assert.ok(!t.outbox.durable("c", 4, "me"));
  t.sender.down();
  t.sender.up(8, new Map([["c", 5]]));
  assert.equal(t.texts(), "a");
  t.sender.down();
  t.sender.up(8, new Map([["c", 4]]));
  assert.equal(t.texts(), "a a+");
  t.sender.accepted(a, 9);
  assert.ok(!t.outbox.durable("c", 9, "somebody else"));
  assert.ok(t.outbox.durable("c", 9, "me"));
  assert.equal(t.outbox.all().length, 0);
});

test("another tab's message is left to it for a while, then adopted", async () => {
  const t = setUp();
  t.outbox.add("c", "text", "public", { text: "theirs" }, "other");
  t.sender.pump();
  assert.equal(t.texts(), "");
  await t.clock.pass(10_000);
  assert.equal(t.texts(), "theirs");
});

test("storage that refuses to write costs only the reload", () => {
  const broken = { length: 0, key: () => null, getItem: () => null, removeItem: () => {}, setItem: () => { throw new Error("full"); } };
  const outbox = new Outbox("k", broken);
  outbox.add("c", "text", "public", { text: "a" }, "me");
  outbox.reload();
  assert.equal(outbox.all().length, 1);
});

test("a browser's only connection sends what its other tabs wrote, at once and in order", () => {
  const clock = new TestClock();
  const outbox = new Outbox("k", new TestStorage(), () => clock.now());
  const sent: any[] = [];
  const sender = new Sender({ clock, outbox, device: "me", alone: true, send: (p) => sent.push(p) > 0, nextRid: () => sent.length + 1, changed: () => {}, moved: () => {} });
  sender.up(8, new Map());
  outbox.add("c", "text", "public", { text: "a" }, "another tab");
  const b = outbox.add("c", "text", "public", { text: "b" }, "me");
  sender.pump();
  assert.deepEqual(sent.map((p) => p.body.text), ["a"]);
  sender.accepted(sent[0].cmid, 1);
  assert.equal(sent.at(-1).cmid, b.cmid);
});

test("what was refused for now, and never sent but so, is known not to have arrived", async () => {
  const t = setUp();
  const a = t.write("a");
  const tried = () => t.outbox.get(a)!.tried;
  t.refuse(429, { retry_after: 500 });
  assert.equal(tried(), false);
  await t.clock.pass(5000);
  t.refuse(503, { retry_after: 500 });
  assert.equal(tried(), false);
  await t.clock.pass(5000);
  assert.equal(tried(), true, "it is on its way");
  t.refuse(504, { retry_after: 500 });
  await t.clock.pass(5000);
  t.refuse(429, { retry_after: 500 });
  assert.equal(tried(), true, "the third may have arrived");
  assert.equal(t.texts(), "a a+ a+ a+");
});
