import { expect, test } from "vitest";
import { contrast, onColour, plain, snippet } from "./look.ts";

test("the plain snippet is one line", () => {
  expect(snippet("https://chat.example.com", "demo", plain)).toBe('<script src="https://chat.example.com/widget.js" data-site-key="demo" async></script>');
});

test("what is set stands in attributes, whatever is written into it", () => {
  const made = snippet("https://chat.example.com", "demo", { ...plain, title: 'A "shop" <b> & Co', starters: ["One|two", " ", "Three"], position: "left", sound: false, triggers: true, color: "#ffe08a" });
  const div = document.createElement("div");
  div.innerHTML = made.replaceAll("script", "span");
  const tag = div.querySelector("span");
  expect(tag?.getAttribute("data-title")).toBe('A "shop" <b> & Co');
  expect(tag?.getAttribute("data-starters")).toBe("One two|Three");
  expect(tag?.getAttribute("data-position")).toBe("left");
  expect(tag?.getAttribute("data-sound")).toBe("off");
  expect(tag?.hasAttribute("data-triggers")).toBe(true);
  expect(tag?.hasAttribute("data-theme")).toBe(false);
  expect(made).toContain("--uniqchat-color: #ffe08a; --uniqchat-on-color: #15181b;");
  expect(snippet("https://x", "k", { ...plain, color: "red;}</style><script>" })).not.toContain("red");
});

test("contrast", () => {
  expect(contrast("#ffffff", "#000000")).toBeCloseTo(21);
  expect(onColour("#0d7566")).toBe("#ffffff");
  expect(onColour("#ffe08a")).toBe("#15181b");
});
