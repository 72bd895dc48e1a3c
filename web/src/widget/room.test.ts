import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Browser, type Socket } from "../testing/browser.ts";
import type { Tracker } from "./track.ts";

const { Room } = await import("./room.ts");
const { identityOf, Session } = await import("./session.ts");

const day = 24 * 3600_000;

/** Two tabs of a browser whose visitor is whoever its identity_hmac says. */
function setUp(broken: "" | "locks" | "channel" = "") {
  let asked = 0;
  const server = { down: false };
  const browser = new Browser(({ body }) => {
    if (server.down) return new Response("", { status: 503 });
    const token = `token ${++asked}`;
    const visitor = { id: String(body["identity_hmac"] ?? "anna"), name: body["name"] };
    return new Response(JSON.stringify({ token, expires_at: new Date(Date.now() + day).toISOString(), visitor, conversation_id: null, ws_url: "ws://x" }), { status: 201 });
  });
  browser.forbids = broken;
  const trackers: Tracker[] = [];
  const news: string[][] = [];
  const tab = () => {
    const tracker = { flush() {} } as unknown as Tracker;
    trackers.push(tracker);
    const session = new Session("https://chat.example", "demo", "en");
    const heard: string[] = [];
    news.push(heard);
    const room = new Room(session, "https://chat.example", tracker, { changed() {}, arrived: (m, loud) => heard.push(`${String(m.body["text"])}${loud ? "!" : ""}`) });
    session.changed = () => tabs.forEach((r) => r.noticed()); // what a storage event does for the other ones
    return room;
  };
  const tabs = [tab(), tab()] as const;
  return { server, browser, trackers, news, tabs, tab, leave: (room: unknown) => (room as { rest(): void }).rest(), last: () => browser.sockets.at(-1)! };
}

const later = setTimeout; // the real one, also where a test has its own

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    assert.ok(i < 2000, `never so: ${String(holds)}`);
    await new Promise((done) => later(done, 1));
  }
}

/** Lets a connection in without a conversation. */
async function connack(s: Socket, user = "anna"): Promise<void> {
  await until(() => s.onopen !== null);
  s.onopen!();
  s.says({ type: "connack", version: 1, user, role: "visitor", ping: 20, pong: 10, window: 8 });
}

/** What was sent over a connection, as text. */
const textsOf = (s: Socket) => s.sent.filter((p) => p["type"] === "send").map((p) => (p["body"] as { text: string }).text);

/** Lets a connection in, and shows it its conversation. */
async function accept(s: Socket, text: string): Promise<void> {
  await until(() => s.onopen !== null);
  s.onopen!();
  const conv = "c1";
  s.says({ type: "connack", version: 1, user: "anna", role: "visitor", ping: 20, pong: 10, window: 8, conv });
  const join = () => s.sent.find((p) => p["type"] === "join");
  await until(() => join() !== undefined);
  const message = { conv, seq: 1, prev: 0, mid: "m1", cmid: "k1", sender: "amy", role: "agent", kind: "text", time: 1, body: { text } };
  s.says({ type: "joined", rid: join()!["rid"], conv, top: 1, complete: true, members: [], messages: [message] });
}

test("a new leader says nothing of the queue, nor of who writes, before it was told; what was written stays", async () => {
  const { tabs: [a, b], tab, last, leave } = setUp();
  await a.start();
  await until(() => a.state.link.name === "connecting" && a.session.visitor.id !== "");
  await accept(last(), "hello");
  await b.start();
  await until(() => b.state.messages.length === 1);
  last().says({ type: "event", name: "queue.position", conv: "c1", data: { place: 3, eta_seconds: null } });
  last().says({ type: "typing", conv: "c1", user: "amy", state: "typing" });
  await until(() => b.state.queue !== null && b.state.typing.length === 1);
  assert.deepEqual(b.state.queue, { place: 3, seconds: null }, "nobody knows how long");
  last().says({ type: "event", name: "queue.position", conv: "c1", data: { place: 2, eta_seconds: 240 } });
  await until(() => b.state.queue?.seconds === 240);
  const c = tab();
  await c.start();
  await until(() => c.state.messages.length === 1);
  leave(a);
  await until(() => b.state.queue === null && b.state.typing.length === 0);
  assert.equal(b.state.messages.length, 1);
  (c as unknown as { ask(m: object): void }).ask({ say: "hello" }); // as when it is looked at again
  await new Promise((done) => later(done, 30));
  assert.equal(c.state.messages.length, 1);
  leave(c);
  leave(b);
});

test("who logs in, or says a name, in one tab is the same for the connection of the other", async () => {
  const { tabs: [a, b], browser, last, leave } = setUp();
  await a.start();
  await until(() => browser.sockets.length === 1);
  await accept(last(), "hello");
  await b.start();
  b.session.identify({ name: "Anna" });
  await until(() => browser.sockets.length === 2);
  last().onopen!();
  assert.equal(last().sent[0]!["token"], "token 2");
  b.session.identify(identityOf({ id: 42, identityHmac: "bert" }));
  await until(() => browser.sockets.length === 3);
  last().onopen!();
  assert.deepEqual([last().sent[0]!["token"], browser.sockets.map((s) => s.closed)], ["token 3", [true, true, false]]);
  await b.send("text", { text: "It is Bert" });
  last().says({ type: "connack", version: 1, user: "bert", role: "visitor", ping: 20, pong: 10, window: 8 });
  await until(() => last().sent.some((p) => p["type"] === "send"));
  leave(a);
  leave(b);
});

test("what was written before there was a session is not the next visitor's", async () => {
  const { tabs: [a, b], server, browser, last, leave } = setUp();
  server.down = true;
  await a.start();
  await a.send("text", { text: "mine" });
  await until(() => a.state.outbox.length === 1);
  a.session.reset();
  for (const r of [a, b]) r.forget();
  assert.equal(a.outbox.length, 0);
  server.down = false;
  await b.send("text", { text: "hello" });
  await until(() => browser.sockets.length === 1 && last().onopen !== null);
  last().onopen!();
  last().says({ type: "connack", version: 1, user: "anna", role: "visitor", ping: 20, pong: 10, window: 8 });
  const sent = () => last().sent.filter((p) => p["type"] === "send").map((p) => (p["body"] as { text: string }).text);
  await until(() => sent().length > 0);
  assert.deepEqual(sent(), ["hello"]);
  leave(a);
  leave(b);
});

test("who opens the chat after a reset is connected again, in whichever tab", async () => {
  for (const first of [0, 1] as const) {
    const { tabs, browser, last, leave } = setUp();
    const [a, b] = tabs;
    await a.start();
    await until(() => browser.sockets.length === 1);
    await accept(last(), "hello");
    await b.start();
    await until(() => b.state.messages.length === 1);
    a.session.reset();
    for (const r of tabs) r.forget();
    await until(() => a.state.link.name === "idle" && b.state.link.name === "idle" && last().closed);
    (a as unknown as { do(m: object): void }).do({ say: "nudge", fresh: "" }); // for what the reset has taken away
    await new Promise((done) => later(done, 30));
    assert.equal(browser.sockets.length, 1, "nobody wants to talk");
    await tabs[first].start();
    await until(() => browser.sockets.length === 2);
    await accept(last(), "welcome");
    await until(() => tabs[first].state.link.name === "online" && tabs[first].state.messages.length === 1);
    await tabs[first].start();
    assert.equal(browser.sockets.length, 2);
    leave(a);
    leave(b);
  }
});

test("after a reset the next tab in line rests too, until somebody opens the chat", async () => {
  const { tabs: [a, b], tab, browser, last, leave } = setUp();
  await a.start();
  await until(() => browser.sockets.length === 1);
  await accept(last(), "hello");
  await b.start();
  await until(() => b.state.messages.length === 1);
  a.session.reset();
  for (const r of [a, b]) r.forget();
  leave(a); // the page after the log-out is another one
  const leads = (r: unknown) => (r as { tabs: { leading: boolean } }).tabs.leading;
  await until(() => leads(b));
  await new Promise((done) => later(done, 30));
  assert.deepEqual([browser.sockets.length, b.session.visitor.id], [1, ""], "nobody wants to talk");
  const c = tab();
  await c.start();
  await until(() => browser.sockets.length === 2);
  await accept(last(), "welcome");
  await until(() => c.state.messages.length === 1);
  leave(b);
  await until(() => browser.sockets.length === 3); // somebody talks: whoever leads is connected
  leave(c);
});

test("what can't be told to the other tabs throws nothing at the page", async () => {
  const { tabs: [a, b], browser, trackers, last, leave } = setUp();
  await a.start();
  await until(() => browser.sockets.length === 1);
  await accept(last(), "hello");
  await b.start();
  await until(() => b.state.link.name === "online");
  assert.equal(trackers[1]!.send("cart_updated", { of: () => {} }), true);
  assert.equal(trackers[1]!.send("cart_updated", { value: 1 }), true);
  await until(() => last().sent.some((p) => p["type"] === "track"));
  leave(a);
  leave(b);
});

for (const broken of ["locks", "channel"] as const) {
  test(`a page whose ${broken} may not be used has a chat`, async () => {
    const { tabs: [a], browser, last, leave } = setUp(broken);
    await a.start();
    await until(() => browser.sockets.length === 1);
    await accept(last(), "hello");
    await until(() => a.state.messages.length === 1);
    leave(a);
  });
}

test("who becomes another visitor takes along what was not sent; what may have arrived waits for a word", async () => {
  const { tabs: [a, b], browser, last, leave } = setUp();
  await a.start();
  await until(() => browser.sockets.length === 1);
  await connack(last());
  await a.send("text", { text: "one" });
  await until(() => textsOf(last()).length === 1);
  await b.start();
  await b.send("text", { text: "two" }); // waits for the answer to the first
  await until(() => a.state.outbox.length === 2);
  const conv = a.session.conv;
  b.session.identify(identityOf({ id: 42, identityHmac: "bert" }));
  await until(() => browser.sockets.length === 2);
  await connack(last(), "bert");
  await until(() => textsOf(last()).length === 1 && b.state.outbox[0]?.state === "failed");
  assert.deepEqual([textsOf(last()), b.state.outbox.map((e) => [e.body["text"], e.state])], [["two"], [["one", "failed"], ["two", "waiting"]]]);
  assert.notEqual(a.session.conv, conv);
  assert.deepEqual(a.state.outbox.map((e) => e.conv), [a.session.conv, a.session.conv]);
  const [one, two] = b.state.outbox;
  last().says({ type: "sendack", rid: last().sent.findLast((p) => p["type"] === "send")!["rid"], conv: one!.conv, cmid: two!.cmid, mid: "m", seq: 1, prev: 0, time: 1 });
  await b.retry(one!.cmid);
  await until(() => textsOf(last()).length === 2);
  assert.equal(last().sent.findLast((p) => p["type"] === "send")!["cmid"], one!.cmid);
  leave(a);
  leave(b);
});

test("a tab that dies as the visitor becomes another one loses nothing", async () => {
  const { tabs: [a], tab, browser, last, leave } = setUp();
  await a.start();
  await until(() => browser.sockets.length === 1);
  await a.send("text", { text: "one" });
  await until(() => a.state.outbox.length === 1);
  leave(a);
  a.session.changed = () => {};
  a.session.identify(identityOf({ id: 42, identityHmac: "bert" }));
  await a.session.credentials(false);
  const c = tab();
  await c.start();
  await until(() => browser.sockets.length === 2);
  await connack(last(), "bert");
  await until(() => textsOf(last()).length === 1);
  leave(c);
});

const kept = (browser: Browser) => JSON.stringify(Array.from({ length: browser.store.length }, (_, i) => browser.store.getItem(browser.store.key(i)!)));

test("a reset leaves nothing of what was written on the machine, a chat that is loaded later neither", async () => {
  const { tabs, tab, browser, server, leave } = setUp();
  const [a, b] = tabs;
  server.down = true;
  await a.send("text", { text: "early secret" });
  assert.match(kept(browser), /early secret/);
  server.down = false;
  a.again();
  await until(() => browser.sockets.length === 1);
  await b.send("text", { text: "late secret" });
  await until(() => a.state.outbox.length === 2);
  a.session.reset();
  for (const r of tabs) r.forget();
  assert.doesNotMatch(kept(browser), /secret/);
  await a.send("text", { text: "third secret" });
  for (const r of tabs) leave(r);
  a.session.reset(); // on a page without a chat
  assert.match(kept(browser), /third secret/);
  const c = tab();
  await until(() => !kept(browser).includes("secret"));
  await until(() => browser.store.getItem(`${c.session.key}:boxes`) === "[]"); // nothing is left to look for
  leave(c);
});

test("what is written stands on the screen and in storage at once, whatever the browser has to do first", async () => {
  const { tabs: [a], browser, leave } = setUp();
  const sent = a.send("text", { text: "at once" });
  assert.equal(a.outbox.length, 1);
  assert.match(kept(browser), /at once/);
  await sent;
  leave(a);
});

test("a browser that keeps nothing sends what is written all the same, and takes it along", async () => {
  const { tabs: [a], browser, last, leave } = setUp();
  browser.keeps = false;
  await a.send("text", { text: "one" });
  await until(() => browser.sockets.length === 1);
  await connack(last());
  await until(() => textsOf(last()).length === 1);
  a.session.identify(identityOf({ id: 42, identityHmac: "bert" }));
  await until(() => browser.sockets.length === 2);
  await connack(last(), "bert");
  await until(() => a.state.outbox[0]?.state === "failed");
  await a.retry(a.state.outbox[0]!.cmid);
  await until(() => textsOf(last()).length === 1);
  leave(a);
});

/** Waits until something holds, while the clock runs fast. */
async function soon(t: TestContext, holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    assert.ok(i < 2000, `never so: ${String(holds)}`);
    t.mock.timers.tick(10);
    await new Promise((done) => setImmediate(done));
  }
}

test("a tab that leads and is frozen is led over, and follows when it wakes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] }); // first, or what was set before could not be cleared any more
  const { tabs: [a, b], browser, last, leave } = setUp();
  await a.start();
  await until(() => browser.sockets.length === 1);
  await accept(last(), "hello");
  await b.start();
  await soon(t, () => b.state.messages.length === 1);
  browser.freeze(0);
  const written = b.send("text", { text: "is anybody there?" });
  await soon(t, () => browser.sockets.length === 2);
  await written;
  const [first, second] = browser.sockets as [Socket, Socket];
  second.onopen!();
  second.says({ type: "connack", version: 1, user: "anna", role: "visitor", ping: 20, pong: 10, window: 8, conv: "c1" });
  await soon(t, () => textsOf(second).length === 1);
  browser.wake(0);
  await soon(t, () => first.closed);
  const cmids = browser.sockets.flatMap((s) => s.sent.filter((p) => p["type"] === "send").map((p) => p["cmid"]));
  assert.equal(new Set(cmids).size, 1);
  await soon(t, () => a.state.outbox.length === 1 && a.state.link.name === "online");
  await a.send("text", { text: "yes" });
  await soon(t, () => b.state.outbox.length === 2);
  t.mock.timers.tick(6000); // a leader that answers keeps the connection
  assert.deepEqual([browser.sockets.length, second.closed], [2, false]);
  leave(a);
  leave(b);
});

test("what is discarded while the tab that leads is frozen is not sent, by no tab", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { tabs: [a, b], browser, last, leave } = setUp();
  await a.start();
  await until(() => browser.sockets.length === 1);
  await accept(last(), "hello");
  await b.start();
  await soon(t, () => b.state.messages.length === 1);
  browser.freeze(0);
  const sent = b.send("text", { text: "better not" });
  const gone = b.discard(b.outbox[0]!.cmid);
  await soon(t, () => browser.sockets.length === 2);
  await Promise.all([sent, gone]);
  const second = last();
  second.onopen!();
  second.says({ type: "connack", version: 1, user: "anna", role: "visitor", ping: 20, pong: 10, window: 8, conv: "c1" });
  await soon(t, () => second.sent.some((p) => p["type"] === "join"));
  browser.wake(0);
  for (let i = 0; i < 50; i++) {
    t.mock.timers.tick(10);
    await new Promise((done) => setImmediate(done));
  }
  assert.deepEqual([browser.sockets.flatMap((s) => textsOf(s)), b.outbox.length, kept(browser).includes("better not")], [[], 0, false]);
  leave(a);
  leave(b);
});

test("what comes with a page is news to a tab that had the conversation, and none to one that has just come", async () => {
  const { tabs: [a, b], tab, news, browser, last, leave } = setUp();
  const say = (seq: number, text: string) => ({ conv: "c1", seq, prev: seq - 1, mid: `m${seq}`, cmid: `k${seq}`, sender: "amy", role: "agent", kind: "text", time: seq, body: { text } });
  await a.start();
  await until(() => browser.sockets.length === 1);
  await accept(last(), "hello");
  await b.start();
  await until(() => b.state.messages.length === 1);
  last().says({ type: "message", ...say(2, "live") });
  await until(() => b.state.messages.length === 2);
  leave(a);
  await until(() => browser.sockets.length === 2 && last().onopen !== null);
  last().onopen!();
  last().says({ type: "connack", version: 1, user: "anna", role: "visitor", ping: 20, pong: 10, window: 8, conv: "c1" });
  const join = () => last().sent.find((p) => p["type"] === "join");
  await until(() => join() !== undefined);
  last().says({ type: "joined", rid: join()!["rid"], conv: "c1", top: 4, complete: true, members: [], messages: [1, 2, 3, 4].map((n) => say(n, ["hello", "live", "missed", "too"][n - 1]!)) });
  await until(() => b.state.messages.length === 4);
  const c = tab();
  await c.start();
  await until(() => c.state.messages.length === 4);
  last().says({ type: "message", ...say(1, "elsewhere"), conv: "c2", mid: "x" });
  await until(() => join() !== undefined && last().sent.filter((p) => p["type"] === "join").length === 2);
  last().says({ type: "joined", rid: last().sent.findLast((p) => p["type"] === "join")!["rid"], conv: "c2", top: 1, complete: true, members: [], messages: [{ ...say(1, "elsewhere"), conv: "c2", mid: "x" }] });
  await until(() => c.state.messages.length === 1);
  assert.deepEqual(news, [["live!", "missed", "too", "elsewhere"], ["live", "missed", "too!", "elsewhere!"], ["elsewhere"]]);
  leave(b);
  leave(c);
});
