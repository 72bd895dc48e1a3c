// Commands: what can be done from the keyboard. Each has a name, and perhaps keys; the palette (mod+K) and the help (?) list them, and
// one listener hears the keys. A screen adds its own while it is shown: useCommands([{ id, group, name, keys: "g i", run }]).

import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Command {
  id: string;
  group: "general" | "list" | "conversation" | "actions";
  name: string;
  /** One key ("j", "?", "Enter"), two after each other ("g i"), or with the command key ("mod+k"). Letters are as typed: "E" is shift+e. */
  keys?: string;
  /** Not in the palette: moving about, say. */
  hidden?: boolean;
  run: () => void;
}

const sets = new Map<object, readonly Command[]>();
const listeners = new Set<() => void>();
let all: readonly Command[] = [];

function changed(): void {
  all = [...sets.values()].flat();
  for (const f of listeners) f();
}

/** Adds commands for as long as the component is shown. */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  const shape = commands.map((c) => `${c.id}\0${c.name}\0${c.keys ?? ""}`).join("\n");
  useEffect(() => {
    const me = {};
    sets.set(me, latest.current.map((c, i) => ({ ...c, run: () => latest.current[i]?.run() })));
    changed();
    return () => {
      sets.delete(me);
      changed();
    };
  }, [shape]);
}

/** Every command that can be given now. */
export function useAllCommands(): readonly Command[] {
  return useSyncExternalStore((f) => {
    listeners.add(f);
    return () => listeners.delete(f);
  }, () => all);
}

/** The commands that a word means: those whose name begins with it come first. */
export function fittingCommands(commands: readonly Command[], word: string): readonly Command[] {
  const w = word.trim().toLowerCase();
  const at = (c: Command) => c.name.toLowerCase().indexOf(w);
  return commands.filter((c) => at(c) >= 0).sort((a, b) => Number(at(a) > 0) - Number(at(b) > 0));
}

const pause = 1_200; // between the two keys of a sequence
let first = "";
let firstAt = 0;

/** Whether keys belong to what has the focus. */
function writing(e: KeyboardEvent): boolean {
  const el = e.composedPath()[0];
  return el instanceof HTMLElement && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)) && !(el instanceof HTMLInputElement && /^(checkbox|radio|button)$/.test(el.type));
}

const pressable = "a[href], button, summary, input, [role=button], [role=link], [role=menuitem], [role=option], [role=tab]";

/** Whether a key is what presses the thing that has the focus. */
function pressing(e: KeyboardEvent): boolean {
  const el = e.composedPath()[0];
  return e.key === "Enter" && el instanceof Element && el.closest(pressable) !== null;
}

/** What was pressed, as commands name it. */
export function keyOf(e: KeyboardEvent): string {
  return `${e.ctrlKey || e.metaKey ? "mod+" : ""}${e.altKey ? "alt+" : ""}${e.key}`;
}

let covered = false;

/** Notes, before anybody else hears of a key, whether a dialog or a menu lies over the page: the key may close it, and is its own then. */
function note(): void {
  covered = document.querySelector('[role="dialog"], [role="menu"]') !== null;
}

/** Runs the command of a key, if there is one. */
function pressed(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.isComposing || pressing(e)) return;
  const key = keyOf(e);
  if (!key.startsWith("mod+") && (writing(e) || covered)) return;
  const sequence = first !== "" && e.timeStamp - firstAt < pause ? `${first} ${key}` : "";
  first = "";
  const command = all.findLast((c) => c.keys === sequence) ?? all.findLast((c) => c.keys === key);
  if (command !== undefined) {
    e.preventDefault();
    command.run();
  } else if (all.some((c) => c.keys?.startsWith(`${key} `))) {
    first = key;
    firstAt = e.timeStamp;
  }
}

/** Listens for keys; the result ends that. To be called before anything is shown: dialogs listen at the window, too, each after those that were there before. */
export function listenForKeys(): () => void {
  window.addEventListener("keydown", note, { capture: true });
  document.addEventListener("keydown", pressed);
  return () => {
    window.removeEventListener("keydown", note, { capture: true });
    document.removeEventListener("keydown", pressed);
  };
}

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Keys as they are printed on them: ["⌘", "K"]. */
export function keyCaps(keys: string): string[] {
  return keys.split(/[ +]/).map((k) => ({ mod: mac ? "⌘" : "Ctrl", alt: mac ? "⌥" : "Alt", Enter: "↵", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓" })[k] ?? (/^[A-Z]$/.test(k) ? `⇧ ${k}` : k.toUpperCase()));
}
