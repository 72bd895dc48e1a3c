import { expect, test } from "vitest";
import type { VisitorEvent } from "../api/schema.ts";
import { cartOf, money, ordersOf, shortUrl, stepsOf } from "./trail.ts";

let n = 0;
const event = (name: VisitorEvent["name"], data: unknown) => ({ id: `e${++n}`, at: "2026-11-26T12:00:00Z", name, data }) as VisitorEvent;

test("the newest cart counts, until it is ordered", () => {
  const cart = event("cart_updated", { value: 297, currency: "CNY", items: [{ id: "mug", price: 128 }, { name: "Tote", price: "169", quantity: 2 }] });
  expect(cartOf([event("page_view", {}), cart])).toMatchObject({ lines: [{ name: "mug", quantity: 1, price: "¥128.00" }, { name: "Tote", quantity: 2, price: "¥169.00" }], total: "¥297.00" });
  expect(cartOf([event("order_placed", { order_id: 7 }), cart])).toBeNull();
  expect(cartOf([event("cart_updated", { items: [], value: 0 }), cart])).toBeNull();
  expect(ordersOf([event("order_placed", { order_id: 7, total: 12.5, currency: "EUR" }), cart])).toMatchObject([{ id: "7", total: "€12.50" }]);
});

test("nonsense is shown as text or not at all", () => {
  expect(cartOf([event("cart_updated", "<script>")])).toBeNull();
  expect(cartOf([event("cart_updated", { items: [null, 7, { price: { a: 1 } }], currency: "<b>" })])?.lines).toHaveLength(3);
  expect(money("<img>", "USD")).toBe("<img>");
  expect(stepsOf([event("page_view", { url: "javascript:xss(1)", title: "t" })])).toMatchObject([{ text: "t", href: "" }]);
});

test("the same page again is one step", () => {
  const at = (url: string) => event("page_view", { url });
  expect(stepsOf([at("https://www.shop.example/a"), at("https://www.shop.example/a"), event("custom", { name: "zoom" }), at("https://www.shop.example/a")]).map((s) => s.text)).toEqual(["shop.example/a", "zoom", "shop.example/a"]);
  expect(shortUrl("https://www.shop.example/%E6%9D%AF?utm=1")).toBe("shop.example/杯");
});

test("what is in the cart, an order and a page can be sent as cards", () => {
  const items = [{ id: "lamp", name: "Desk lamp", price: 459, url: "https://shop.example/lamp", image: "http://shop.example/lamp.png" }, { id: "mug", quantity: 2, url: "javascript:x()" }];
  const cart = cartOf([event("cart_updated", { value: 459, currency: "CNY", items })]);
  expect(cart?.lines.map((l) => l.card)).toEqual([
    { title: "Desk lamp", text: "", price: "459", currency: "CNY", url: "https://shop.example/lamp", image: "" }, { title: "mug", text: "", price: "", currency: "CNY", url: "", image: "" },
  ]);
  expect(ordersOf([event("order_placed", { order_id: 7, total: 12.5, currency: "EUR", items })])[0]?.card).toEqual({ title: "Order 7", text: "Desk lamp × 1\nmug × 2", price: "12.5", currency: "EUR", url: "", image: "" });
  const steps = stepsOf([event("page_view", { url: "https://shop.example/lamp", title: "Lamp" }), event("custom", { name: "Lamp", event: "zoom", url: "https://shop.example" })]);
  expect(steps.map((s) => s.text)).toEqual(["Lamp", "zoom"]);
  expect(steps.map((s) => s.card)).toEqual([{ title: "Lamp", text: "", price: "", currency: "", url: "https://shop.example/lamp", image: "" }, null]);
});
