import assert from "node:assert/strict";
import { test } from "node:test";
import { settle, TestClock } from "../testing/clock.ts";
import { backoff, CredentialsError, Link, mayReconnect, type LinkState, type Socket } from "./link.ts";
import { closeTooMany } from "./names.ts";

class Wire implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  sent: any[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  says(p: object): void {
    this.onmessage?.({ data: JSON.stringify(p) });
  }
  async accept(): Promise<void> {
    this.onopen?.();
    this.says({ type: "connack", version: 1, ping: 20, pong: 10, window: 8 });
    await settle();
  }
}

function setUp(random = 0.5) {
  const clock = new TestClock();
  const wires: Wire[] = [];
  const states: LinkState["name"][] = [];
  const asked: boolean[] = [];
  const broken: { error: Error | null } = { error: null };
  const link = new Link({
    clock, random: () => random,
    credentials: async (renew) => {
      asked.push(renew);
      if (broken.error !== null) throw broken.error;
      return { url: "ws://x", token: `token${asked.length}` };
    },
    hello: () => ({ device: "d", page: "p", locale: "en", resume: [] }),
    dial: (_url, protocol) => {
      assert.equal(protocol, "uniqchat.v1.json");
      wires.push(new Wire());
      return wires.at(-1)!;
    },
    onState: (s) => states.push(s.name),
    onUp: () => {}, onPacket: () => {}, onDown: () => {},
  });
  return { clock, wires, states, asked, broken, link, last: () => wires.at(-1)! };
}

test("back-off is full jitter between 0 and min(30 s, 0.5 s · 2^attempt)", () => {
  assert.equal(backoff(0, 0), 0);
  assert.equal(backoff(0, 1), 500);
  assert.equal(backoff(3, 1), 4000);
  assert.equal(backoff(3, 0.25), 1000);
  assert.equal(backoff(6, 1), 30_000);
  assert.equal(backoff(5000, 1), 30_000);
});

test("close codes", () => {
  for (const code of [3000, 3001, 3008, 3499, 1006, 1001]) assert.ok(mayReconnect(code, null), String(code));
  for (const code of [3500, 3503, 3504, 3509, 3510, 3999]) assert.ok(!mayReconnect(code, null), String(code));
});

test("CONNECT comes first, and PING is answered", async () => {
  const t = setUp();
  t.link.start();
  await settle();
  t.last().onopen!();
  assert.deepEqual(t.last().sent, [{ type: "connect", min_version: 1, max_version: 1, token: "token1", device: "d", page: "p", locale: "en", resume: [] }]);
  assert.ok(!t.link.online);
  t.last().says({ type: "connack" });
  assert.ok(t.link.online);
  t.last().says({ type: "ping", time: 7 });
  assert.deepEqual(t.last().sent.at(-1), { type: "pong", rid: 0, time: 7 });
});

test("a lost connection comes back later and later, until it has been stable", async () => {
  const t = setUp(1);
  t.link.start();
  await settle();
  for (const wait of [500, 1000, 2000]) {
    t.last().onclose!({ code: 1006, reason: "" });
    assert.equal(t.link.state.retryAt - t.clock.now(), wait);
    await t.clock.pass(wait);
  }
  await t.last().accept();
  await t.clock.pass(10_000);
  t.last().onclose!({ code: 3004, reason: "" });
  assert.equal(t.link.state.retryAt - t.clock.now(), 500);
});

test("never sooner than retry_after, also when the network comes back", async () => {
  const t = setUp(0);
  t.link.start();
  await settle();
  await t.last().accept();
  t.last().says({ type: "disconnect", code: 3013, reconnect: true, retry_after: 4000, reason: "slow down" });
  t.last().onclose!({ code: 3013, reason: "" });
  assert.equal(t.link.state.retryAt - t.clock.now(), 4000);
  t.link.hurry();
  await t.clock.pass(3999);
  assert.equal(t.wires.length, 1);
  await t.clock.pass(1);
  assert.equal(t.wires.length, 2);
});

test("a network that comes back ends the waiting", async () => {
  const t = setUp(1);
  t.link.start();
  await settle();
  for (let i = 0; i < 6; i++) {
    t.last().onclose!({ code: 1006, reason: "" });
    t.link.hurry();
    await t.clock.pass(1);
  }
  assert.equal(t.wires.length, 7);
});

test("codes from 3500 end it; a bad token is renewed, but not for ever", async () => {
  const t = setUp(0);
  t.link.start();
  await settle();
  for (let i = 0; i < 3; i++) {
    t.last().says({ type: "disconnect", code: 3500, reason: "expired" });
    t.last().onclose!({ code: 3500, reason: "" });
    await t.clock.pass(1);
  }
  assert.deepEqual(t.asked, [false, true, true]);
  assert.deepEqual([t.link.state.name, t.link.state.code], ["ended", 3500]);
  const u = setUp();
  u.link.start();
  await settle();
  await u.last().accept();
  u.last().onclose!({ code: 3509, reason: "replaced" });
  assert.equal(u.link.state.name, "ended");
  await u.clock.pass(100_000);
  assert.equal(u.wires.length, 1);
});

test("credentials that can't be had: final ends, others wait as told", async () => {
  const t = setUp(0);
  t.broken.error = new CredentialsError("busy", false, 3000, closeTooMany);
  t.link.start();
  await settle();
  assert.equal(t.link.state.retryAt - t.clock.now(), 3000);
  assert.equal(t.link.state.code, closeTooMany);
  t.broken.error = new CredentialsError("log in", true);
  await t.clock.pass(3000);
  assert.deepEqual([t.link.state.name, t.link.state.reason], ["ended", "log in"]);
});

test("silence for ping + pong makes it ask; no answer ends the connection without waiting for its close", async () => {
  const t = setUp(0);
  t.link.start();
  await settle();
  await t.last().accept();
  await t.clock.pass(29_999);
  assert.equal(t.last().sent.length, 1);
  await t.clock.pass(1);
  assert.equal(t.last().sent.at(-1).type, "ping");
  await t.clock.pass(5000);
  t.last().says({ type: "pong", time: 1 });
  await t.clock.pass(29_000);
  assert.ok(t.link.online);
  await t.clock.pass(20_000);
  assert.equal(t.wires.length, 2);
  assert.ok(t.wires[0]!.closed);
});

test("after a soft DISCONNECT it is served on and moves at its slot", async () => {
  const t = setUp(0);
  t.link.start();
  await settle();
  await t.last().accept();
  t.last().says({ type: "disconnect", code: 3001, reconnect: true, soft: true, retry_after: 2500 });
  await t.clock.pass(2499);
  assert.ok(t.link.online);
  assert.equal(t.wires.length, 1);
  await t.clock.pass(1);
  assert.equal(t.wires.length, 2);
  assert.ok(t.wires[0]!.closed);
});

test("a server that takes the connection but never answers is given up", async () => {
  const t = setUp(0);
  t.link.start();
  await settle();
  t.last().onopen!();
  await t.clock.pass(10_001);
  assert.equal(t.wires.length, 2);
  assert.ok(t.wires[0]!.closed);
});

test("stop is final, whatever is still on its way", async () => {
  const t = setUp();
  t.link.start();
  t.link.stop();
  await t.clock.pass(60_000);
  assert.equal(t.wires.length, 0);
  assert.equal(t.link.state.name, "idle");
});
