import { expect, test } from "vitest";
import { summaryOf } from "./summary.tsx";

test("a summary is one, or none", () => {
  expect(summaryOf("x")).toBeNull();
  expect(summaryOf([])).toBeNull();
  expect(summaryOf({ wants: ["A new mug", 3, ""], orders: "1042", why: "human" })).toEqual({ text: "", engine: "", language: "", why: "human", wants: ["A new mug", "3"], tried: [], orders: [], found: [], points: [] });
});
