import { expect, test } from "vitest";
import { sourcesOf } from "./sources.tsx";

test("sources are what is a source", () => {
  expect(sourcesOf(undefined)).toEqual([]);
  expect(sourcesOf([null, 3, { title: "" }, { title: "Shipping", document: "d", url: "javascript:alert(1)" }, { title: "Shipping", document: "d" }, { title: "Returns", document_id: "e", heading: "When", url: "https://shop.example/r" }])).toEqual([
    { document: "d", title: "Shipping", heading: "", url: "" }, { document: "e", title: "Returns", heading: "When", url: "https://shop.example/r" },
  ]);
});
