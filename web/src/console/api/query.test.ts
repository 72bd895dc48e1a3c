import { expect, test } from "vitest";
import type { Conversation } from "./schema.ts";
import { cache, listed } from "./query.ts";

const named = (id: string, subject: string) => ({ id, subject }) as unknown as Conversation;
const keep = (args: object, updatedAt: number, ...pages: Conversation[][]) =>
  cache.setQueryData(["/conversations", args, "pages"], { pages: pages.map((data) => ({ data, next_cursor: null })), pageParams: [] }, { updatedAt });

test("what a list has of a conversation, from whichever list was read last", () => {
  expect(listed("/conversations", "a")).toBeUndefined();
  keep({ query: { status: "queued" } }, 2000, [named("a", "newer")], [named("b", "second page")]);
  keep({ query: { status: "open" } }, 1000, [named("a", "older"), named("c", "only there")]);
  cache.setQueryData(["/conversations", { query: { visitor: "v" } }], { data: [named("d", "one answer, no pages")], next_cursor: null });
  cache.setQueryData(["/visitors", {}, "pages"], { pages: [{ data: [named("e", "not a conversation")], next_cursor: null }], pageParams: [] });
  expect(["a", "b", "c", "d", "e"].map((id) => listed("/conversations", id))).toEqual([named("a", "newer"), named("b", "second page"), named("c", "only there"), undefined, undefined]);
});
