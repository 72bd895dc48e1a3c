import { render } from "@testing-library/react";
import { MantineProvider } from "@mantine/core";
import { expect, test } from "vitest";
import { mostWanted } from "./unanswered.tsx";
import { Preview } from "./preview.tsx";
import { inline, ownTitle, readHTML, readMarkdown, readTable } from "./read.ts";

const said = (s: { text: string }[]) => s.map((x) => x.text).join("");

test("Markdown becomes blocks", () => {
  const blocks = readMarkdown("---\ntags: x\n---\n# Returns #\n\nThirty\ndays.\n\n- one\n  more\n  - two\n\n1. first\n\n> said\n> so\n\n```sh\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nUnder\n-----\n***\n");
  expect(blocks.map((b) => b.kind)).toEqual(["heading", "text", "list", "list", "quote", "code", "table", "heading", "rule"]);
  expect(blocks[0]).toMatchObject({ level: 1, spans: [{ text: "Returns" }] });
  expect(blocks[2]).toMatchObject({ ordered: false, items: [{ depth: 0 }, { depth: 1 }] });
  expect(blocks[3]).toMatchObject({ ordered: true });
  expect(blocks[5]).toMatchObject({ text: "# no heading" });
  expect(blocks[6]).toMatchObject({ head: true, rows: [[[{ text: "a" }], [{ text: "b" }]], [[{ text: "1" }], [{ text: "2" }]]] });
  expect(blocks[7]).toMatchObject({ level: 2, spans: [{ text: "Under" }] });
  expect(readMarkdown("```\nnever closed")).toEqual([{ kind: "code", text: "never closed" }]);
  expect(readMarkdown("满 299 元**包邮**。")[0]).toMatchObject({ spans: [{ text: "满 299 元" }, { text: "包邮", strong: true }, { text: "。" }] });
});

test("marks in a line", () => {
  expect(inline("a **b *c*** `d*` ~~e~~ \\*f\\*")).toEqual([
    { text: "a " }, { text: "b ", strong: true }, { text: "c", strong: true, em: true }, { text: " " }, { text: "d*", code: true }, { text: " " }, { text: "e", strike: true }, { text: " " }, { text: "*" }, { text: "f" }, { text: "*" },
  ]);
  expect(inline("[out](https://shop.example/a) ![mug](x.png) https://shop.example/b")).toEqual([{ text: "out", href: "https://shop.example/a" }, { text: " " }, { text: "mug", em: true }, { text: " " }, { text: "https://shop.example/b", href: "https://shop.example/b" }]);
  expect(inline("[x](javascript:alert(1))").some((s) => s.href !== undefined)).toBe(false);
  expect(said(inline("snake_case_name and 2*3*4"))).toBe("snake_case_name and 2*3*4");
});

test("HTML becomes blocks, and runs nothing", () => {
  const blocks = readHTML(`<head><title>T</title></head><nav>Menu</nav><h1>Returns</h1><div><p>Thirty <b>days</b>.</p>loose</div><script>window.bad = 1</script><img src=x onerror="window.bad = 1"><ul><li>one<li>two</ul><table><tr><th>a<tr><td>1</table>`);
  expect(blocks.map((b) => b.kind)).toEqual(["heading", "text", "text", "list", "table"]);
  expect(blocks[1]).toMatchObject({ spans: [{ text: "Thirty days." }] });
  expect((window as { bad?: number }).bad).toBeUndefined();
});

test("a table of questions and answers", () => {
  expect(readTable('问题,答案\n"多久,能到？","两天。\n""保证""。"\n空的,\n')).toEqual([{ topic: "", question: "多久,能到？", answer: '两天。\n"保证"。' }]);
  expect(readTable("How long?;Two days.\r\nHow much?;¥12")).toMatchObject([{ question: "How long?", answer: "Two days." }, { question: "How much?" }]);
  expect(readTable("Answer\tTopic\tQuestion\nyes\tmugs\tsafe?")).toEqual([{ topic: "mugs", question: "safe?", answer: "yes" }]);
  expect(readTable("only one column")).toEqual([]);
});

test("a text's own title", () => {
  expect(ownTitle("markdown", "## no\n\n# The **title**\n")).toBe("The title");
  expect(ownTitle("html", "<title>From the head</title><h1>Not this</h1>")).toBe("From the head");
  expect(ownTitle("html", "<h1>This</h1>")).toBe("This");
  expect(ownTitle("text", "# no")).toBe("");
});

test("the preview makes no markup of a document", () => {
  const show = (format: "markdown" | "csv", text: string) => render(<MantineProvider env="test"><Preview format={format} text={text} /></MantineProvider>).container;
  const shown = show("markdown", "# A <img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) [y](https://shop.example/)");
  expect(shown.querySelectorAll("img, script").length).toBe(0);
  expect([...shown.querySelectorAll("a")].map((a) => [a.href, a.rel])).toEqual([["https://shop.example/", "noopener noreferrer"]]);
  expect(shown.querySelector("h3")?.textContent).toBe("A <img src=x onerror=alert(1)>");
  expect(show("csv", "a,b").querySelector("dd")?.textContent).toBe("b");
});

test("unanswered questions in their order", () => {
  const u = (question: string, count: number, day: number) => ({ id: question, question, count, first_at: "2026-11-01T00:00:00Z", last_at: `2026-11-0${day}T00:00:00Z` });
  const all = [u("a tea", 1, 3), u("b", 9, 1), u("c Tea", 1, 5)];
  expect(mostWanted(all, "", "count").map((x) => x.id)).toEqual(["b", "c Tea", "a tea"]);
  expect(mostWanted(all, "", "last").map((x) => x.id)).toEqual(["c Tea", "a tea", "b"]);
  expect(mostWanted(all, "tea", "last").map((x) => x.id)).toEqual(["c Tea", "a tea"]);
});
