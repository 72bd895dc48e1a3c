import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "../testing/browser.ts";

const { Tracker } = await import("./track.ts");

/** A tracker, and what it has told once it is connected. */
function setUp() {
  const browser = new Browser(() => new Response());
  const tracker = new Tracker();
  const told: { name: string; data: Record<string, unknown> }[] = [];
  const connect = () => {
    tracker.send = (name, data) => told.push({ name, data }) > 0;
    tracker.flush();
  };
  return { browser, tracker, told, connect };
}

test("of much that was kept the newest is told, as much as the server takes at once, and what was said last of the cart", () => {
  const { browser, tracker, told, connect } = setUp();
  tracker.track("cart_updated", { value: 1 });
  tracker.track("cart_updated", { value: 2 });
  for (let i = 1; i <= 60; i++) tracker.track("page_view", { url: `/${i}` });
  connect();
  assert.ok(told.length <= 30, `${told.length} at once`);
  assert.deepEqual(told[0], { name: "cart_updated", data: { value: 2 } });
  assert.deepEqual(told.slice(1).map((e) => e.data["url"]), Array.from({ length: 25 }, (_, i) => `/${36 + i}`));
  assert.equal(browser.session.getItem("uniqchat:tracked"), null);
  tracker.track("order_placed", { order_id: 7 });
  assert.deepEqual(told.at(-1), { name: "order_placed", data: { order_id: 7 } });
});

test("what is kept is told once, in its order, and stays for the next time if it can't be told", () => {
  const { tracker, told, connect } = setUp();
  for (const url of ["/", "/a", "/b"]) tracker.track("page_view", { url });
  tracker.flush();
  connect();
  connect();
  assert.deepEqual(told.map((e) => e.data["url"]), ["/", "/a", "/b"]);
});

test("an event of a name of its own keeps what its data call name", () => {
  const { tracker, told, connect } = setUp();
  tracker.track("viewed_product", { name: "Lamp", price: 459 });
  tracker.track("zoom", {});
  connect();
  tracker.track("toString", { event: "else" });
  assert.deepEqual(told, [
    { name: "custom", data: { name: "Lamp", price: 459, event: "viewed_product" } }, { name: "custom", data: { name: "zoom", event: "zoom" } },
    { name: "custom", data: { name: "toString", event: "toString" } },
  ]);
});
