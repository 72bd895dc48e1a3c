import { MantineProvider, Menu, Modal } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { flushSync } from "react-dom";
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

test("Enter presses what has the focus, other keys run commands there too", () => {
  const end = listenForKeys();
  const write = vi.fn(), next = vi.fn(), clicked = vi.fn();
  const Page = () => {
    useCommands([{ id: "w", group: "conversation", name: "Write", keys: "Enter", run: write }, { id: "n", group: "list", name: "Next", keys: "j", run: next }]);
    return (
      <>
        <button type="button" onClick={clicked}><b>button</b></button><a href="#x">link</a><details><summary>summary</summary></details><input type="checkbox" aria-label="box" /><div contentEditable suppressContentEditableWarning>text</div>
        {["button", "link", "menuitem", "option", "tab"].map((role) => <div key={role} role={role} tabIndex={0}>a {role}</div>)}
      </>
    );
  };
  const s = render(<Page />);
  const all = [s.getByText("button"), s.getByText("link"), s.getByText("summary"), s.getByLabelText("box"), s.getByText("text"), ...s.getAllByText(/^a /)];
  expect(all).toHaveLength(10);
  for (const el of all) expect(fireEvent.keyDown(el, { key: "Enter" })).toBe(true); // the browser goes on to press it
  expect(write).not.toHaveBeenCalled();
  fireEvent.keyDown(s.getByText("link"), { key: "j" });
  expect(next).toHaveBeenCalledTimes(1);
  expect(fireEvent.keyDown(document.body, { key: "Enter" })).toBe(false);
  expect(write).toHaveBeenCalledTimes(1);
  end();
});

test("Escape closes what lies over the page, and only that, also where nothing fades out", () => {
  const end = listenForKeys();
  const back = vi.fn();
  const Page = () => {
    const [dialog, setDialog] = useState(false);
    useCommands([{ id: "b", group: "conversation", name: "Back", keys: "Escape", run: back }, { id: "d", group: "general", name: "Help", keys: "?", run: () => setDialog(true) }]);
    return (
      <>
        <Modal opened={dialog} onClose={() => setDialog(false)} title="help"><button type="button">in it</button></Modal>
        <Menu><Menu.Target><button type="button">more</button></Menu.Target><Menu.Dropdown><Menu.Item>item</Menu.Item></Menu.Dropdown></Menu>
      </>
    );
  };
  render(<MantineProvider env="test"><Page /></MantineProvider>);
  // As a browser does it: what a listener changes is on the page before the next one hears the key.
  const press = (el: Element, key: string) => {
    const flush = () => flushSync(() => undefined);
    window.addEventListener("keydown", flush, { capture: true });
    document.body.addEventListener("keydown", flush);
    fireEvent.keyDown(el, { key });
    window.removeEventListener("keydown", flush, { capture: true });
    document.body.removeEventListener("keydown", flush);
  };
  press(document.body, "?");
  expect(screen.getByRole("dialog")).toBeTruthy();
  press(screen.getByText("in it"), "Escape");
  expect(screen.queryByRole("dialog")).toBeNull();
  fireEvent.click(screen.getByText("more"));
  expect(screen.getByRole("menu")).toBeTruthy();
  press(screen.getByText("item"), "Escape");
  expect(screen.queryByRole("menu")).toBeNull();
  expect(back).not.toHaveBeenCalled();
  press(document.body, "Escape");
  expect(back).toHaveBeenCalledTimes(1);
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
