import assert from "node:assert/strict";
import { test } from "node:test";
import { ConversationLog, missingAfter, type Need, type Request } from "./log.ts";
import type { Joined, Message, Sendack, Synced } from "./packets.ts";

const conv = "c";

function msg(seq: number, prev: number): Message {
  return {
    conv, seq, prev, mid: `m${seq}`, cmid: `x${seq}`, sender: "u", role: "visitor", kind: "text", visibility: "public",
    time: seq, reply_to: "", body: { text: String(seq) },
  };
}

function ack(seq: number, prev: number, dup = false): Sendack {
  return { type: "sendack", rid: 1, conv, cmid: `x${seq}`, mid: `m${seq}`, seq, prev, time: seq, dup };
}

function page<T extends "joined" | "synced">(type: T, top: number, complete: boolean, ...messages: Message[]) {
  return { type, rid: 1, conv, top, complete, members: [], messages } as unknown as T extends "joined" ? Joined : Synced;
}

function ask(log: ConversationLog, want: Need, now = 0): Request {
  const need = log.need(now);
  assert.deepEqual(need, want);
  assert.ok(need !== null && need.want !== "wait");
  const request = log.asked(need);
  assert.equal(log.need(now), null, "one request at a time");
  return request;
}

const seqs = (log: ConversationLog) => log.messages.map((m) => m.seq);

/** A log that has joined at the given messages. */
function joined(complete: boolean, ...messages: Message[]): ConversationLog {
  const log = new ConversationLog(conv);
  const r = ask(log, { want: "join", after: 0 });
  log.joinedPage(page("joined", messages.at(-1)?.seq ?? 0, complete, ...messages), r, 0);
  return log;
}

test("the newest page ends the chain, older pages are synced backwards", () => {
  const log = joined(false, msg(8, 5), msg(9, 8));
  assert.equal(log.last, 9);
  assert.ok(log.hasOlder);
  assert.equal(log.need(0), null);
  log.loadOlder();
  const r = ask(log, { want: "sync", after: 0, before: 8 });
  log.syncedPage(page("synced", 9, true, msg(1, 0), msg(5, 1)), r, 0);
  assert.deepEqual(seqs(log), [1, 5, 8, 9]);
  assert.ok(!log.hasOlder);
  assert.equal(log.last, 9);
});

test("live messages are applied in chain, known ones dropped", () => {
  const log = joined(true, msg(1, 0));
  assert.ok(log.message(msg(4, 1)));
  assert.ok(!log.message(msg(4, 1)));
  assert.ok(log.message(msg(5, 4)));
  assert.deepEqual(seqs(log), [1, 4, 5]);
  assert.equal(log.need(0), null);
});

test("messages that come before the first page wait for it", () => {
  const log = new ConversationLog(conv);
  const r = ask(log, { want: "join", after: 0 });
  log.message(msg(7, 6));
  assert.deepEqual(seqs(log), []);
  log.joinedPage(page("joined", 6, true, msg(6, 0)), r, 0);
  assert.deepEqual(seqs(log), [6, 7]);
});

test("a message out of chain is held and the missing ones are synced, over several pages", () => {
  const log = joined(true, msg(1, 0));
  log.message(msg(9, 8));
  assert.deepEqual(seqs(log), [1]);
  let r = ask(log, { want: "sync", after: 1, before: 0 });
  log.syncedPage(page("synced", 9, false, msg(3, 1), msg(5, 3)), r, 0);
  r = ask(log, { want: "sync", after: 5, before: 0 });
  log.message(msg(10, 9));
  log.syncedPage(page("synced", 9, true, msg(8, 5), msg(9, 8)), r, 0);
  assert.deepEqual(seqs(log), [1, 3, 5, 8, 9, 10]);
  assert.equal(log.need(0), null);
});

test("prev 0 inside a conversation means unknown, so it syncs", () => {
  const log = joined(true, msg(1, 0));
  log.message(msg(4, 0));
  ask(log, { want: "sync", after: 1, before: 0 });
});

test("a complete page moves the end to top, also past what this page holds", () => {
  const log = joined(true, msg(1, 0));
  assert.ok(!log.gap(6));
  const r = ask(log, { want: "sync", after: 1, before: 0 });
  log.syncedPage(page("synced", 6, true, msg(2, 1)), r, 0);
  assert.equal(log.last, 6);
  log.message(msg(7, 6));
  assert.deepEqual(seqs(log), [1, 2, 7]);
});

test("a page that brings nothing although something is missing slows down", () => {
  const log = joined(true, msg(1, 0));
  log.gap(6);
  let now = 0;
  for (const wait of [500, 1000, 2000]) {
    const r = ask(log, { want: "sync", after: 1, before: 0 }, now);
    log.syncedPage(page("synced", 1, true), r, now);
    assert.deepEqual(log.need(now), { want: "wait", until: now + wait });
    now += wait;
  }
});

test("the SENDACK of the next message moves the chain", () => {
  const log = joined(true, msg(1, 0));
  log.ack(ack(2, 1), msg(2, 1), 0);
  assert.deepEqual(seqs(log), [1, 2]);
  assert.ok(!log.message(msg(2, 1)));
  assert.equal(log.last, 2);
});

test("a SENDACK ahead waits a second for the missing message, then syncs", () => {
  const log = joined(true, msg(1, 0));
  log.ack(ack(3, 2), msg(3, 2), 100);
  assert.deepEqual(seqs(log), [1]);
  assert.deepEqual(log.need(100), { want: "wait", until: 100 + missingAfter });
  const other = joined(true, msg(1, 0));
  other.ack(ack(3, 2), msg(3, 2), 100);
  other.message(msg(2, 1));
  assert.deepEqual(seqs(other), [1, 2, 3]);
  assert.equal(other.need(100), null);
  ask(log, { want: "sync", after: 1, before: 0 }, 100 + missingAfter);
});

test("a dup SENDACK never moves the chain", () => {
  const log = joined(true, msg(1, 0));
  log.ack(ack(2, 1, true), msg(2, 1), 0);
  assert.equal(log.last, 1);
  assert.deepEqual(log.need(0), { want: "wait", until: missingAfter });
  log.message(msg(2, 1));
  assert.equal(log.last, 2);
  assert.equal(log.need(0), null);
});

test("a dup SENDACK of a message before the loaded page changes nothing", () => {
  const log = joined(false, msg(8, 7));
  log.ack(ack(3, 2, true), msg(3, 2), 0);
  assert.deepEqual(seqs(log), [8]);
  assert.equal(log.need(0), null);
});

test("GAP with top 0 drops the copy, joins again and ignores answers to older requests", () => {
  const log = joined(true, msg(1, 0), msg(2, 1));
  log.message(msg(9, 8));
  const old = ask(log, { want: "sync", after: 2, before: 0 });
  assert.ok(log.gap(0));
  const r = ask(log, { want: "join", after: 0 });
  log.syncedPage(page("synced", 9, true, msg(8, 2), msg(9, 8)), old, 0);
  assert.deepEqual(seqs(log), []);
  log.joinedPage(page("joined", 1, true, msg(1, 0)), r, 0);
  assert.deepEqual(seqs(log), [1]);
  assert.equal(log.last, 1);
});

test("a resumed log asks for nothing, one that was not resumed begins anew", () => {
  const log = joined(true, msg(1, 0));
  log.connected(true);
  assert.equal(log.position, 1);
  assert.equal(log.need(0), null);
  log.connected(false);
  assert.deepEqual(seqs(log), []);
  ask(log, { want: "join", after: 0 });
});

test("a log that was left joins again from where it was", () => {
  const log = joined(true, msg(1, 0));
  log.left();
  assert.equal(log.position, 0);
  const r = ask(log, { want: "join", after: 1 });
  log.joinedPage(page("joined", 9, false, msg(2, 1)), r, 0);
  ask(log, { want: "sync", after: 2, before: 0 });
});

test("a fresh conversation asks for nothing until the first acknowledgement", () => {
  const log = new ConversationLog(conv, true);
  assert.equal(log.need(0), null);
  log.ack(ack(2, 1), msg(2, 1), 0);
  log.message(msg(1, 0));
  assert.deepEqual(seqs(log), [1, 2]);
});

test("errors: final ones refuse, others are tried again no sooner than told", () => {
  const log = new ConversationLog(conv);
  let r = ask(log, { want: "join", after: 0 });
  log.failed(r, 503, true, 3000, 1000);
  assert.deepEqual(log.need(1000), { want: "wait", until: 4000 });
  r = ask(log, { want: "join", after: 0 }, 4000);
  log.failed(r, 404, false, 0, 4000);
  assert.equal(log.refused, 404);
  assert.equal(log.need(99999), null);
  log.begin();
  assert.equal(log.refused, 0);
  assert.equal(log.need(99999), null);
});

test("what was refused is asked for again when it is opened again, and on another connection", () => {
  const log = new ConversationLog(conv);
  for (const again of [() => log.left(), () => log.connected(false), () => log.connected(true)]) {
    log.failed(ask(log, { want: "join", after: 0 }), 403, false, 0, 0);
    assert.equal(log.refused, 403);
    assert.equal(log.need(99999), null);
    again();
    assert.equal(log.refused, 0);
  }
  log.joinedPage(page("joined", 1, true, msg(1, 0)), ask(log, { want: "join", after: 0 }), 0);
  assert.deepEqual(seqs(log), [1]);
});

test("an answer after the connection was lost is ignored", () => {
  const log = new ConversationLog(conv);
  const r = ask(log, { want: "join", after: 0 });
  log.connected(false);
  log.joinedPage(page("joined", 1, true, msg(1, 0)), r, 0);
  assert.deepEqual(seqs(log), []);
  ask(log, { want: "join", after: 0 });
});

test("receipts only grow", () => {
  const log = joined(true, msg(1, 0));
  const receipt = { type: "receipt" as const, rid: 0, conv, user: "a" };
  log.receipt({ ...receipt, delivered: 5, read: 4 });
  log.receipt({ ...receipt, delivered: 3, read: 2 });
  assert.equal(log.readBy("a"), 4);
});
