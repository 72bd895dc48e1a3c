import assert from "node:assert/strict";
import { test } from "node:test";
import { holds, matchesURL } from "./triggers.ts";

test("addresses match by pattern", () => {
  for (const [pattern, href, want] of [
    ["*/cart", "https://shop.example/cart", true], ["*/cart", "https://shop.example/cart?x=1#y", true], ["*/cart", "https://shop.example/cart/pay", false],
    ["https://shop.example/*", "https://shop.example/a/b", true], ["/pricing", "https://shop.example/pricing/", true], ["/", "https://shop.example/", true],
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
