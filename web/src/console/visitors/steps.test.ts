import { expect, test } from "vitest";
import { basket, money, pageView, pathOf, safeLink, shopping, valueOf, writtenValue } from "./steps.ts";

test("carts are read whatever the site wrote", () => {
  expect(basket({ items: [{ name: "Mug", quantity: 2 }, { sku: 7 }, "Pen", null, {}], total: 99.5, currency: "EUR", order_id: 12 }))
    .toEqual({ items: [{ name: "Mug", quantity: 2 }, { name: "7", quantity: 1 }, { name: "Pen", quantity: 1 }], total: 99.5, currency: "EUR", order: "12" });
  for (const x of [null, 3, [], "x", { items: {}, total: "1" }]) expect(basket(x)).toEqual({ items: [], total: null, currency: "", order: "" });
  expect([money(9.5, "EUR"), money(9.5, "<b>"), money(9.5, "")]).toEqual(["€9.50", "9.5 <b>", "9.5"]);
});

test("only pages can be opened", () => {
  expect(safeLink("https://shop.test/a")).toBe("https://shop.test/a");
  for (const x of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/a", ""]) expect(safeLink(x)).toBe("");
  expect([pathOf("https://shop.test/a?b=1#c"), pathOf("nonsense"), pageView({ url: "u", title: 4 }), pageView(null)]).toEqual(["/a?b=1#c", "nonsense", { url: "u", title: "4" }, { url: "", title: "" }]);
});

test("the cart is the newest one; an empty one is none", () => {
  const e = (name: "cart_updated" | "order_placed", data: Record<string, unknown>, at: string) => ({ id: at, name, data, at });
  expect(shopping([e("cart_updated", { items: [] }, "3"), e("order_placed", { id: "a" }, "2"), e("cart_updated", { items: ["x"] }, "1")])).toMatchObject({ cart: null, orders: [{ at: "2", basket: { order: "a" } }] });
  expect(shopping([e("order_placed", { id: "a" }, "2"), e("cart_updated", { items: ["x"] }, "1")]).cart).toBe(null);
  expect(shopping([e("cart_updated", { total: 4 }, "1")]).cart?.total).toBe(4);
});

test("attributes keep their kind", () => {
  for (const v of [true, false, 12, -1.5, "gold", "007", "1e3", "12345678901234567890"]) expect(valueOf(writtenValue(v))).toBe(v);
});
