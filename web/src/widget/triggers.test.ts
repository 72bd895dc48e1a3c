import assert from "node:assert/strict";
import { test } from "node:test";
import { holds, matchesURL, Triggers } from "./triggers.ts";

test("addresses match by pattern", () => {
  for (const [pattern, href, want] of [
    ["*/cart", "https://shop.example/cart", true], ["*/cart", "https://shop.example/cart?x=1#y", true], ["*/cart", "https://shop.example/cart/pay", false],
    ["https://shop.example/*", "https://shop.example/a/b", true], ["/pricing", "https://shop.example/pricing/", true], ["/", "https://shop.example/", true],
    ["*/cart", "https://shop.example/#/cart", true], ["/#!/cart", "https://shop.example/#!/cart?x=1", true], ["/", "https://shop.example/#/cart", false], ["/", "https://shop.example/#/", true],
    ["/#/cart", "https://shop.example/?utm_source=x#/cart?a=1", true], ["/", "https://shop.example/?utm_source=x#/cart", false], ["/", "https://shop.example/?utm_source=x", true],
    ["/a.c", "https://shop.example/abc", false], ["*sale*", "https://shop.example/big-sale?x", true], ["(", "https://shop.example/", false],
  ] as const) assert.equal(matchesURL([pattern], href), want, `${pattern} ${href}`);
});

test("all conditions of a trigger have to hold", () => {
  assert.equal(holds({ seconds_on_page: 5 }, 4, "https://a.example/", 0), false);
  assert.equal(holds({ seconds_on_page: 5 }, 5, "https://a.example/", 0), true);
  assert.equal(holds({ cart_value_min: 100, url: ["*/cart"] }, 0, "https://a.example/cart", 99), false);
  assert.equal(holds({ cart_value_min: 100, url: ["*/cart"] }, 0, "https://a.example/cart", 100), true);
  assert.equal(holds({ cart_value_min: 100, url: ["*/cart"] }, 0, "https://a.example/", 100), false);
});

test("who is held out is drawn once, noted, and never spoken to", () => {
  const page = globalThis as unknown as Record<string, unknown>;
  page["document"] = { visibilityState: "visible" };
  page["location"] = { href: "https://shop.example/cart" };
  page["window"] = { setInterval: () => 1, clearInterval: () => {} };
  const said: string[] = [];
  const draws = [0.1, 0.9];
  let drawn: boolean | undefined;
  const make = () => {
    const t = new Triggers("demo", { fire: (id, text) => said.push(`${id}:${text}`), held: (id) => said.push(`${id} held`), drawn: () => drawn, busy: () => false }, () => draws.shift()!);
    t.locale = "zh-CN";
    return t;
  };
  const trigger = (id: string) => ({ id, hold_out_percent: 50, conditions: { url: ["/cart"] }, message: { zh: "在吗", en: "Hi" } });
  make().set([trigger("a"), trigger("b"), trigger("c")]);
  assert.deepEqual(said, ["a held", "b:在吗"], "one at a time");
  drawn = true;
  said.length = 0;
  make().set([trigger("c"), { ...trigger("d"), hold_out_percent: 0 }]);
  assert.deepEqual(said, ["c held", "d held"], "the server has drawn for a visitor whom it knows");
});

test("a cart is remembered from page to page, until there was an order or the visitor is somebody else", () => {
  const page = globalThis as unknown as Record<string, unknown>;
  const kept = new Map<string, string>();
  page["sessionStorage"] = { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => kept.set(k, v), removeItem: (k: string) => kept.delete(k) };
  const said: string[] = [];
  const open = (path: string, id = path) => {
    page["location"] = { href: `https://shop.example${path}` };
    const t = new Triggers("demo", { fire: (fired) => said.push(fired), held: () => {}, drawn: () => undefined, busy: () => false });
    t.locale = "en";
    t.set([{ id, conditions: { url: ["/cart*"], cart_value_min: 100 }, message: { en: "Hi" } }]);
    return t;
  };
  open("/lamp").track("cart_updated", { value: 459 });
  open("/cart").track("order_placed", {});
  open("/cart/1");
  assert.deepEqual(said, ["/cart"]);
  open("/cart/2").track("cart_updated", { total: 120 });
  open("/lamp").forget();
  open("/cart/3");
  assert.deepEqual([said, kept.size], [["/cart", "/cart/2"], 0]);
});

test("the time on a page begins anew with every page, also where nothing is loaded, and not with a place in one", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1e12 });
  const page = globalThis as unknown as Record<string, unknown>;
  let tick = () => {};
  page["window"] = { setInterval: (f: () => void) => { tick = f; return 1; }, clearInterval: () => {} };
  const said: string[] = [];
  const at = (href: string, seconds: number) => {
    page["location"] = { href: `https://shop.example${href}` };
    tick();
    t.mock.timers.tick(seconds * 1000);
    tick();
  };
  at("/", 0);
  const triggers = new Triggers("pages", { fire: (id) => said.push(id), held: () => {}, drawn: () => undefined, busy: () => false });
  triggers.set([{ id: "slow", conditions: { seconds_on_page: 20 }, message: { en: "Hi" } }]);
  for (const href of ["/", "/lamps", "/#/lamps", "/#/mugs", "/#/mugs/7"]) at(href, 19);
  assert.deepEqual(said, []);
  at("/lamps?color=blue", 10);
  at("/lamps?color=red#sizes", 10);
  assert.deepEqual(said, ["slow"]);
});

test("in a conversation nothing speaks first, nor in the moment when it ends", () => {
  const page = globalThis as unknown as Record<string, unknown>;
  let tick = () => {};
  page["window"] = { setInterval: (f: () => void) => { tick = f; return 1; }, clearInterval: () => {} };
  page["location"] = { href: "https://shop.example/cart" };
  const said: string[] = [];
  let busy = true;
  const make = () => new Triggers("busy", { fire: (id) => said.push(id), held: (id) => said.push(id), drawn: () => true, busy: () => busy });
  const all = [{ id: "a", hold_out_percent: 50, conditions: { url: ["/cart"] }, message: { en: "Hi" } }];
  make().set(all);
  busy = false;
  tick();
  assert.deepEqual(said, []);
  make().set(all);
  assert.deepEqual(said, ["a"], "what was passed over is not used up");
});
