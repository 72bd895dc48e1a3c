import { notifications } from "@mantine/notifications";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { copyText } from "./copy.ts";

const clipboard = Object.getOwnPropertyDescriptor(Navigator.prototype, "clipboard");
const run = vi.fn();

beforeEach(() => {
  // As on a page without https.
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
  Object.defineProperty(document, "execCommand", { configurable: true, value: run });
});
afterEach(() => {
  Reflect.deleteProperty(navigator, "clipboard");
  Reflect.deleteProperty(document, "execCommand");
  expect(Object.getOwnPropertyDescriptor(Navigator.prototype, "clipboard")).toEqual(clipboard);
});

test("without https the old way copies, and leaves the focus and the page as they were", async () => {
  const button = document.body.appendChild(document.createElement("button"));
  button.focus();
  let selected = "";
  run.mockImplementation(() => {
    selected = getSelection()?.toString() ?? "";
    return true;
  });
  expect(await copyText("two\nlines")).toBe(true);
  expect(run).toHaveBeenCalledWith("copy");
  expect(selected).toBe("two\nlines");
  expect(document.activeElement).toBe(button);
  expect(document.body.children).toHaveLength(1);
  button.remove();
});

test("what cannot be copied is said", async () => {
  const told = vi.spyOn(notifications, "show").mockReturnValue("");
  run.mockReturnValue(false);
  expect(await copyText("x")).toBe(false);
  expect(told).toHaveBeenCalledWith(expect.objectContaining({ message: expect.stringContaining("Select the text") }));
});
