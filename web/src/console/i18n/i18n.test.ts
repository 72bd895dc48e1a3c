import { expect, test } from "vitest";
import { texts as english } from "./en/index.ts";
import { languages, say } from "./index.ts";

type Tree = { [key: string]: string | Tree };
const flat = (tree: Tree, at = ""): [string, string][] => Object.entries(tree).flatMap(([k, v]) => (typeof v === "string" ? [[`${at}${k}`, v] as [string, string]] : flat(v, `${at}${k}.`)));
const places = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((m) => m[1]))].sort();

const others = import.meta.glob<{ texts: Tree }>("../../shared/i18n/??.ts", { import: "console", eager: true });

test.each(Object.keys(others))("%s has every text, with the same places", (file) => {
  const have = new Map(flat(others[file]!.texts));
  const want = flat(english as unknown as Tree);
  expect([...have.keys()].sort()).toEqual(want.map(([k]) => k).sort());
  for (const [key, text] of want) {
    expect(have.get(key), key).not.toBe("");
    expect(places(have.get(key) ?? ""), key).toEqual(places(text));
  }
});

test("every file is a language, called by its own name", () => {
  expect(languages.map((l) => l.name).filter((n) => n === "English" || n === "中文")).toHaveLength(2);
  expect(languages).toHaveLength(Object.keys(others).length);
});

test("say fills places and chooses by number", () => {
  expect(say("{n} {n|message|messages} of {who}", { n: 1, who: "{n}" })).toBe("1 message of {n}");
  expect(say("{n|message|messages}", { n: 1200 })).toBe("messages");
  expect(say("{n}", { n: 1200 })).toBe("1,200");
  expect(say("{other}", {})).toBe("{other}");
});
