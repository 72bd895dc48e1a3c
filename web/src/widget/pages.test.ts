import assert from "node:assert/strict";
import { test } from "node:test";
import { pageOf, watchPages } from "./pages.ts";
import { Title } from "./title.ts";

test("every page is seen once, also one behind a fragment, by its own title", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const page = globalThis as unknown as Record<string, unknown>;
  let popped = () => {};
  const go = (_state: unknown, _title: string, href: string) => { page["location"] = { href: `https://shop.example${href}` }; };
  page["history"] = { pushState: go, replaceState: go };
  page["addEventListener"] = (name: string, f: () => void) => { if (name === "popstate") popped = f; };
  page["document"] = { title: "(2024) Catalogue" };
  go(null, "", "/");
  const host = { mark: "" };
  const seen: string[] = [];
  watchPages((url, title) => seen.push(`${url} ${title}`), host);
  t.mock.timers.tick(400);
  (page["history"] as History).pushState(null, "", "/lamps#sizes");
  new Title(host).show(3);
  t.mock.timers.tick(400);
  go(null, "", "/lamps#colors");
  popped();
  go(null, "", "/lamps#/mugs");
  popped();
  t.mock.timers.tick(400);
  assert.deepEqual(seen, ["https://shop.example/ (2024) Catalogue", "https://shop.example/lamps (2024) Catalogue", "https://shop.example/lamps#/mugs (2024) Catalogue"]);
});

test("a fragment is a route when it looks like one", () => {
  for (const [href, want] of [["/a#b", "/a"], ["/#", "/"], ["/#!", "/"], ["/#/", "/"], ["/#/cart?x=1", "/#/cart?x=1"], ["/a#!/b#c", "/a#!/b"]] as const) assert.equal(pageOf(href), want);
});

test("the mark before the title is the widget's own, and what the shop has there stays", () => {
  const page = { title: "(2024) Catalogue" };
  (globalThis as unknown as Record<string, unknown>)["document"] = page;
  const title = new Title({ mark: "" });
  const titles = [3, 3, 120, 0, 0].map((n) => {
    title.show(n);
    return page.title;
  });
  assert.deepEqual(titles, ["(3) (2024) Catalogue", "(3) (2024) Catalogue", "(99+) (2024) Catalogue", "(2024) Catalogue", "(2024) Catalogue"]);
  title.show(1);
  page.title = "(7) Mugs"; // the page went on
  title.show(2);
  assert.equal(page.title, "(2) (7) Mugs");
});
