import { fireEvent, render } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { fittingCommands, keyCaps, listenForKeys, useCommands, type Command } from "./commands.ts";

function Screen({ commands }: { commands: readonly Command[] }) {
  useCommands(commands);
  return <input aria-label="field" />;
}

test("keys run commands, but not while somebody writes", () => {
  const end = listenForKeys();
  const go = vi.fn(), next = vi.fn(), palette = vi.fn();
  const s = render(<Screen commands={[
    { id: "a", group: "general", name: "Go", keys: "g i", run: go }, { id: "b", group: "list", name: "Next", keys: "j", run: next }, { id: "c", group: "general", name: "Palette", keys: "mod+k", run: palette },
  ]} />);
  fireEvent.keyDown(document.body, { key: "g" });
  fireEvent.keyDown(document.body, { key: "i" });
  fireEvent.keyDown(document.body, { key: "i" });
  expect(go).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(s.getByLabelText("field"), { key: "j" });
  expect(next).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: "j" });
  expect(next).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(s.getByLabelText("field"), { key: "k", ctrlKey: true });
  expect(palette).toHaveBeenCalledTimes(1);
  s.unmount();
  fireEvent.keyDown(document.body, { key: "j" });
  expect(next).toHaveBeenCalledTimes(1);
  end();
});

test("keys as they are printed", () => {
  expect(keyCaps("g i")).toEqual(["G", "I"]);
  expect(keyCaps("mod+k")).toEqual(["Ctrl", "K"]);
});

test("what begins with the word comes first", () => {
  const named = (name: string): Command => ({ id: name, group: "general", name, run: () => undefined });
  expect(fittingCommands(["Show: Snoozed", "Show: All", "Snooze"].map(named), " snoo").map((c) => c.name)).toEqual(["Snooze", "Show: Snoozed"]);
  expect(fittingCommands(["b", "a"].map(named), "").map((c) => c.name)).toEqual(["b", "a"]);
});
