import assert from "node:assert/strict";
import { test } from "node:test";
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
  const tab = () => {
    const tracker = { flush() {} } as unknown as Tracker;
    trackers.push(tracker);
    const session = new Session("https://chat.example", "demo", "en");
    const room = new Room(session, "https://chat.example", tracker, { changed() {}, arrived() {} });
    session.changed = () => tabs.forEach((r) => r.noticed()); // what a storage event does for the other ones
    return room;
  };
  const tabs = [tab(), tab()] as const;
  return { server, browser, trackers, tabs, leave: (room: unknown) => (room as { rest(): void }).rest(), last: () => browser.sockets.at(-1)! };
}

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    assert.ok(i < 2000, `never so: ${String(holds)}`);
    await new Promise((done) => setTimeout(done, 1));
  }
}

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
  const { tabs: [a, b], last, leave } = setUp();
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
  leave(a);
  await until(() => b.state.queue === null && b.state.typing.length === 0);
  assert.equal(b.state.messages.length, 1);
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
