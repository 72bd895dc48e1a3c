import { expect, test } from "vitest";
import type { Widget } from "../api/schema.ts";
import { contrast, lookOf, onColour, snippet, widgetOf } from "./look.ts";

test("what the server keeps comes back as it was", () => {
  const kept: Widget = {
    title: { zh: "客服" }, starters: [{ en: "Where is my order?" }], color: "#112233", color_on: "#ffffff", theme: "dark", sound: false, offline_form: "away",
    pre_chat: { text: { en: "Who are you?" }, fields: [{ name: "email", type: "email", required: true }, { name: "topic", type: "select", label: { en: "Topic" }, options: [{ value: "a", label: { en: "A" } }] }] },
  };
  expect(widgetOf(lookOf(kept), kept)).toEqual(kept);
  expect(widgetOf(lookOf({}))).toEqual({});
});

test("the line to paste", () => {
  expect(snippet("https://chat.example.com", 'a"b')).toBe('<script src="https://chat.example.com/widget.js" data-site-key="a&quot;b" async></script>');
});

test("contrast", () => {
  expect(contrast("#ffffff", "#000000")).toBeCloseTo(21);
  expect(onColour("#0d7566")).toBe("#ffffff");
  expect(onColour("#ffe08a")).toBe("#15181b");
});
