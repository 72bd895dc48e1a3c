import { expect, test } from "vitest";
import { fill, insert, matching, slashAt, type Canned } from "./canned.ts";

const reply = (shortcut: string, text: string, title = ""): Canned => ({ id: shortcut, shortcut, text, title, created_at: "", updated_at: "", version: 1 });

test("a slash counts at the beginning of a word, before the caret", () => {
  expect(slashAt("/", 1)).toEqual({ from: 0, word: "" });
  expect(slashAt("Hi /shi and", 7)).toEqual({ from: 3, word: "shi" });
  expect(slashAt("好的\n/运", 5)).toEqual({ from: 3, word: "运" });
  for (const [text, caret] of [["https://x", 9], ["1/2", 3], ["/a b", 4], ["", 0]] as const) expect(slashAt(text, caret)).toBeNull();
});

test("the shortcut counts more than the text", () => {
  const all = [reply("thanks", "Shipping is free"), reply("free-ship", "Zero"), reply("ship", "Three days"), reply("shipping", "Free")];
  expect(matching(all, "SHIP", 9).map((c) => c.shortcut)).toEqual(["ship", "shipping", "free-ship", "thanks"]);
  expect(matching(all, "", 2)).toHaveLength(2);
  expect(matching(all, "nothing", 9)).toEqual([]);
});

test("a reply takes the place of its slash", () => {
  expect(insert("Hi /shi!", 7, 3, "Free $& shipping")).toEqual({ text: "Hi Free $& shipping!", caret: 19 });
});

test("a reply is filled in", () => {
  const values = { "visitor.name": "Mia $& {{agent.name}}", "visitor.email": "", "agent.name": "Bob" };
  expect(fill("Hi {{visitor.name}}, {{ agent.name }} here.", values)).toBe("Hi Mia $& {{agent.name}}, Bob here.");
  expect(fill("To {{visitor.email|your address}}: {{visitor.email}}.", values)).toBe("To your address: .");
  expect(fill("{{visitor.name|you}} {{order.id}} {{x|y}} {visitor.name} {{constructor}}", values)).toBe("Mia $& {{agent.name}} {{order.id}} {{x|y}} {visitor.name} {{constructor}}");
});
