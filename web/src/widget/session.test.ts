import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser, type Asked } from "../testing/browser.ts";

const { identityOf, Session } = await import("./session.ts");

/** A server that gives tokens for a day by its own clock, and knows its own. */
class Server {
  asked: Asked[] = [];
  known = new Map<string, string>();
  /** Refuses an identity_token that is not this one. */
  good = "";
  blocked = false;
  now = Date.parse("2026-05-01T12:00:00Z");
  during: () => void = () => {};

  answer(a: Asked): Response {
    this.asked.push(a);
    this.during();
    const old = this.known.get(a.bearer);
    const { attributes } = a.body;
    const say = (status: number, body: object) => new Response(JSON.stringify(body), { status, headers: { Date: new Date(this.now).toUTCString() } });
    if (a.bearer !== "" && old === undefined) return say(401, { code: "token_expired", detail: "expired" });
    if (a.body["identity_token"] !== undefined && a.body["identity_token"] !== this.good) return say(401, { code: "identity_invalid", detail: "wrong" });
    if (attributes !== undefined && JSON.stringify(attributes).length > 4096) return say(400, { code: "malformed", detail: "attributes must be smaller" });
    if (this.blocked) return say(403, { code: "blocked", detail: "blocked" });
    const id = a.body["identity_token"] !== undefined ? `visitor of ${String(a.body["identity_token"])}` : (old ?? `visitor ${this.asked.length}`);
    const token = `token ${this.asked.length}`;
    this.known.set(token, id);
    return say(201, { token, expires_at: new Date(this.now + 24 * 3600_000).toISOString(), visitor: { id, name: a.body["name"] ?? "" }, conversation_id: null, ws_url: "ws://x" });
  }
}

function setUp() {
  const server = new Server();
  const browser = new Browser((a) => server.answer(a));
  return { server, browser, tab: () => new Session("https://chat.example", "demo", "en") };
}

test("what one tab is told of the visitor, another one tells the server, once", async () => {
  const { server, browser, tab } = setUp();
  const a = tab(), b = tab();
  await a.credentials(false);
  let noticed = 0;
  b.changed = () => noticed++;
  b.answered();
  b.identify({ name: "Mei", email: "mei@shop.example" });
  const { written } = browser.store;
  b.identify({ name: "Mei", email: "mei@shop.example" });
  assert.deepEqual([noticed, browser.store.written], [1, written], "a page may say the same each time it is loaded, at no cost");
  const { token } = await a.credentials(false);
  assert.deepEqual([server.asked.length, server.asked[1]!.bearer, server.asked[1]!.body["name"], server.asked[1]!.body["email"]], [2, "token 1", "Mei", "mei@shop.example"]);
  assert.equal((await b.credentials(false)).token, token);
  assert.equal(server.asked.length, 2);
  assert.deepEqual([tab().knows("email"), tab().asked], ["mei@shop.example", true]);
});

test("what is said while the server is being asked is told next", async () => {
  const { server, tab } = setUp();
  const a = tab(), b = tab();
  server.during = () => { server.during = () => {}; b.identify(identityOf({ attributes: { plan: "gold" } })); b.conv = "c"; };
  await a.credentials(false);
  await a.credentials(false);
  assert.deepEqual(server.asked[1]!.body["attributes"], { plan: "gold" });
  assert.equal(a.conv, "c");
});

test("a signed visitor who logs out is gone from every tab, also when the server is just being asked", async () => {
  const { server, browser, tab } = setUp();
  server.good = "signed";
  const a = tab(), b = tab();
  b.identify(identityOf({ id: 42, identityToken: "signed" }));
  await b.credentials(false);
  assert.equal(a.visitor.id, "visitor of signed");
  browser.store.setItem(b.draft, `"my address is`);
  const { era } = b;
  a.reset();
  assert.notEqual(b.era, era);
  assert.deepEqual([b.visitor.id, b.said, browser.store.getItem(b.draft)], ["", "{}", null]);
  b.conv = "new";
  await b.credentials(true);
  assert.deepEqual([server.asked[1]!.bearer, server.asked[1]!.body["identity_token"], server.asked[1]!.body["external_id"]], ["", undefined, undefined]);
  assert.equal(b.conv, "new");

  b.identify(identityOf({ id: 42, identityToken: "signed" }));
  server.during = () => { server.during = () => {}; a.reset(); };
  await b.credentials(false);
  assert.equal(server.asked.length, 4);
  assert.deepEqual([server.asked[3]!.bearer, server.asked[3]!.body["identity_token"]], ["", undefined]);
  assert.equal(b.visitor.id, "visitor 4");
});

for (const [days, how] of [[3, "fast"], [-3, "slow"], [400, "far ahead"]] as const) {
  test(`a clock that is ${how} makes no second visitor, and asks no more often`, async () => {
    const { server, browser, tab } = setUp();
    browser.now = () => server.now + days * 24 * 3600_000;
    const a = tab();
    await a.credentials(false);
    for (let i = 0; i < 5; i++) await a.credentials(false);
    assert.equal(server.asked.length, 1);
    server.now += 23 * 3600_000 + 51 * 60_000; // ten minutes before the end it is renewed
    await a.credentials(false);
    await a.credentials(false);
    assert.deepEqual([server.asked.length, server.asked[1]!.bearer, a.visitor.id], [2, "token 1", "visitor 1"]);
    browser.now = () => server.now + 9 * 24 * 3600_000; // the clock is set meanwhile
    await a.credentials(false);
    assert.deepEqual([server.asked.length, server.asked[2]!.bearer, a.visitor.id], [3, "token 2", "visitor 1"]);
  });
}

test("what is being written is the visitor's own: a tab that is late removes nothing of the next one's", () => {
  const { tab, browser } = setUp();
  const one = tab(), two = tab();
  const [before, late] = [one.draft, two.draft];
  browser.store.setItem(before, '"of the first"');
  one.reset();
  browser.store.setItem(one.draft, '"of the next"');
  browser.store.removeItem(late); // what a tab does that was asleep
  assert.deepEqual([browser.store.getItem(before), browser.store.getItem(two.draft)], [null, '"of the next"']);
});

test("an identity token is told once; one that has run out keeps nobody from chatting", async () => {
  const { server, tab } = setUp();
  server.good = "one";
  const a = tab();
  await a.credentials(false);
  a.identify(identityOf({ identityToken: "one", name: "Mei" }));
  await a.credentials(false);
  server.good = "two";
  a.identify(identityOf({ attributes: { plan: "gold" } }));
  await a.credentials(false);
  assert.deepEqual([server.asked.length, server.asked[2]!.body["identity_token"], a.visitor.id], [3, undefined, "visitor of one"]);
  server.known.clear();
  const { token } = await a.credentials(true);
  assert.equal(a.visitor.id, "visitor 7");
  assert.equal(token, "token 7");
  const complained = complaints();
  a.identify(identityOf({ identityToken: "forged" }));
  assert.equal((await a.credentials(false)).token, "token 10");
  assert.equal(a.visitor.id, "visitor 7");
  assert.match(complained().join(), /wrong/);
});

/** What is said in the browser's console from here on. */
function complaints(): () => string[] {
  const said: string[] = [];
  const before = console.error;
  console.error = (...all: unknown[]) => said.push(all.join(" "));
  return () => { console.error = before; return said; };
}

test("what the server refuses of a visitor is said to the shop, and the visitor chats on", async () => {
  const { server, tab } = setUp();
  const a = tab();
  const complained = complaints();
  a.identify(identityOf({ name: "Mei", attributes: { plan: "gold" } }));
  await a.credentials(false);
  a.identify(identityOf({ attributes: { story: "x".repeat(5000) } }));
  const { token } = await a.credentials(false);
  assert.deepEqual([token, a.visitor.id, a.knows("plan"), a.knows("story")], ["token 3", "visitor 1", "gold", ""]);
  assert.equal(complained().length, 1);
  await a.credentials(false);
  assert.equal(server.asked.length, 3, "it is not said again");

  server.blocked = true;
  await assert.rejects(a.credentials(true), /blocked/);
  a.identify({ name: "Bo" });
  const again = complaints();
  await assert.rejects(a.credentials(false), /blocked/);
  assert.ok(server.asked.length <= 8, `${server.asked.length} times`);
  again();
});

test("another id is another person, of whom nothing else was said; a token takes the place of another proof", () => {
  const { tab } = setUp();
  const a = tab();
  a.identify(identityOf({ attributes: { plan: "gold" } }));
  a.identify(identityOf({ id: 42, identityHmac: "h", name: "Mei" }));
  assert.deepEqual(JSON.parse(a.said), { attributes: { plan: "gold" }, external_id: "42", identity_hmac: "h", name: "Mei" });
  a.identify(identityOf({ id: 43, identityHmac: "i" }));
  assert.deepEqual(JSON.parse(a.said), { external_id: "43", identity_hmac: "i" });
  a.identify(identityOf({ identity_token: "t", email: "", attributes: ["x"] }));
  assert.deepEqual(JSON.parse(a.said), { identity_token: "t" });
});

test("a browser that keeps nothing has its visitor for as long as the page", async () => {
  const { server, browser, tab } = setUp();
  browser.keeps = false;
  const a = tab();
  await a.credentials(false);
  await a.credentials(false);
  assert.deepEqual([server.asked.length, a.visitor.id], [1, "visitor 1"]);
  a.reset();
  assert.equal(a.visitor.id, "");
});

test("a browser whose storage has filled up goes on with what this page knows, and keeps it when there is room", async () => {
  const { browser, tab } = setUp();
  const a = tab(), b = tab();
  await a.credentials(false);
  browser.keeps = false;
  a.conv = "c1";
  a.answered();
  assert.deepEqual([a.conv, a.asked, a.visitor.id, b.visitor.id], ["c1", true, "visitor 1", "visitor 1"]);
  browser.keeps = true;
  a.done = true;
  assert.deepEqual([b.conv, b.asked, b.done], ["c1", true, true]);
  b.conv = "c2";
  assert.equal(a.conv, "c2", "what another tab keeps counts again");
});

test("the server hears the language that the widget speaks, and of the page's own what is one", async () => {
  for (const [locale, speaks, tells] of [["de-AT", "en", "de-AT"], ["中文", "en", "en"], ["zh_TW", "zh", "zh_TW"], ["x".repeat(40), "en", "en"], ["zh-CN", "zh", "zh-CN"]] as const) {
    const { server, tab } = setUp();
    const a = tab();
    a.locale = locale;
    await a.credentials(false);
    assert.deepEqual([server.asked[0]!.language, server.asked[0]!.body["locale"], a.tag, a.language], [speaks, tells, tells, speaks]);
  }
});

test("a tab that is frozen while it asks keeps no other one from asking, and takes over what that was told", async (t) => {
  const { server, browser, tab } = setUp();
  const b = tab();
  void navigator.locks.request("widget-demo", () => new Promise(() => {})); // frozen
  const waiting = new AbortController();
  const timeout = t.mock.method(AbortSignal, "timeout", () => waiting.signal);
  const asking = b.credentials(false);
  waiting.abort();
  timeout.mock.restore();
  assert.equal((await asking).token, "token 1");
  const kept = browser.store.getItem(b.key)!;
  const c = setUp();
  c.server.during = () => c.browser.store.setItem(b.key, kept.replace("token 1", "token of b")); // the other one was faster
  assert.deepEqual([(await c.tab().credentials(false)).token, c.tab().visitor.id, server.asked.length, c.server.asked.length], ["token of b", "visitor 1", 1, 1]);
});
