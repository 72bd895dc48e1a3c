import { afterEach, expect, test } from "vitest";
import { cache, refreshConversations } from "./query.ts";

afterEach(() => cache.clear());

/** What of this is read again. */
function stale(named: ReadonlySet<string> | null): string[] {
  const keys = {
    list: ["/conversations", { query: { view: "mine" } }, "pages"], found: ["/conversations", { query: { q: "shoes" } }, "pages"], earlier: ["/conversations", { query: { visitor: "v" } }, "pages"],
    a: ["/conversations/{id}", { path: { id: "a" } }], log: ["/conversations/{id}/messages", { path: { id: "a" } }], b: ["/conversations/{id}", { path: { id: "b" } }], team: ["/teams", {}],
  } as const;
  cache.clear();
  for (const key of Object.values(keys)) cache.setQueryData(key, key[2] === "pages" ? { pages: [{ data: [{ id: "b" }] }, undefined] } : { id: "x" });
  refreshConversations(named);
  return Object.entries(keys).filter(([, key]) => cache.getQueryState(key)!.isInvalidated).map(([name]) => name);
}

test("of conversations only what changed is read again", () => {
  expect(stale(new Set(["a"]))).toEqual(["list", "earlier", "a", "log"]);
  expect(stale(new Set(["b"]))).toEqual(["list", "found", "earlier", "b"]);
  expect(stale(new Set())).toEqual(["list"]);
  expect(stale(null)).toEqual(["list", "found", "earlier", "a", "log", "b"]);
});
