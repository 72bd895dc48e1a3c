import { expect, test } from "vitest";
import { longest, most, problemOf, sentences } from "./sentences.ts";

test("sentences are lines, each once", () => {
  expect(sentences("  can you\tengrave \r\n\n能刻字吗\nCan you engrave\n")).toEqual(["can you engrave", "能刻字吗"]);
  expect(sentences("")).toEqual([]);
});

test("what is too long or too many is told", () => {
  expect(problemOf(["a", "长".repeat(longest)])).toEqual(undefined);
  expect(problemOf(["a", "长".repeat(longest + 1)])).toEqual({ many: false, line: 2 });
  expect(problemOf(Array.from({ length: most + 1 }, (_, i) => `line ${i}`))).toEqual({ many: true });
});
