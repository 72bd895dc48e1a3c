import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { load } from "../../shared/browser.ts";
import type { Availability } from "../../shared/packets.ts";
import { settles, Standing } from "./standing.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

/** A tab of an agent: what it told the server, and the screen. */
function tab(agent = "a") {
  const sent: Availability[] = [], shown: Availability[] = [];
  const s = new Standing(agent, (x) => sent.push(x), (x) => shown.push(x));
  ends.push(s.follow());
  return { s, sent, shown };
}

/** What the browser tells the other tabs. */
const wrote = (key: string) => window.dispatchEvent(new StorageEvent("storage", { key, storageArea: localStorage }));
const event = (agent_id: string, state: string) => ({ data: { agent_id, state } });

test("what is said in one tab holds in the others, and only that one tells the server", () => {
  const one = tab(), two = tab();
  one.s.connected();
  two.s.connected();
  one.s.say("busy");
  wrote("uniqchat:console:status:a");
  expect([two.s.now, two.shown, two.sent]).toEqual(["busy", ["busy"], ["online"]]);
  two.s.connected();
  expect(two.sent).toEqual(["online", "busy"]);
  expect(tab().s.now).toBe("busy"); // after a reload
});

test("a tab that was not told reads it when it connects", () => {
  const one = tab(), two = tab();
  one.s.say("away");
  two.s.connected();
  expect([two.s.now, two.sent]).toEqual(["away", ["away"]]);
});

test("each agent of a browser stands alone", () => {
  tab("a").s.say("away");
  const b = tab("b");
  wrote("uniqchat:console:status:a");
  expect(b.s.now).toBe("online");
});

test("what is said on another device is taken over and kept, and not said again", () => {
  const one = tab();
  one.s.connected();
  one.s.heard(event("b", "away"));
  expect(one.s.now).toBe("online");
  one.s.heard(event("a", "busy"));
  expect([one.s.now, one.shown, one.sent, load("uniqchat:console:status:a")]).toEqual(["busy", ["busy"], ["online"], "busy"]);
  one.s.heard(event("a", "nonsense"));
  expect(one.s.now).toBe("busy");
});

test("a server that knows nothing yet makes nobody offline, another device does", () => {
  const one = tab();
  one.s.connected();
  one.s.heard(event("a", "offline"));
  expect(one.s.now).toBe("online");
  vi.advanceTimersByTime(settles);
  one.s.heard(event("a", "offline"));
  expect(one.s.now).toBe("offline");
});
