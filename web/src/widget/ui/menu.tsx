// The menu in the head of the panel.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Room } from "../room.ts";
import type { Folded } from "../fold.ts";
import { useDesk, type Attempt } from "./context.ts";
import { Icon } from "./icons.tsx";
import { useWords } from "./words.ts";

const loud = "M11 5L6.500 9H3v6h3.500L11 19zM15.500 9a4.200 4.200 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11";
const mute = "M11 5L6.500 9H3v6h3.500L11 19zM16 9.500l5 5M21 9.500l-5 5";

interface Item { icon: Parameters<typeof Icon>[0]; label: string; id: string; act(): void }

export interface MenuProps { folded: Folded; sound: boolean; setSound(on: boolean): void; attempt: Attempt["attempt"]; handoff(to: "human" | "bot"): void; close(): void }

export function Menu({ folded: f, sound, setSound, attempt, handoff, close }: MenuProps) {
  const { room, t } = useDesk();
  const w = useWords();
  const s = room.state;
  const items: Item[] = [{ icon: sound ? { name: "mute", d: mute } : { name: "sound", d: loud }, label: sound ? w.soundOff : w.soundOn, id: "sound", act: () => setSound(!sound) }];
  if (s.last > 0) {
    items.push({ icon: { name: "download" }, label: w.transcript, id: "transcript", act: () => attempt(() => transcript(room)) });
    if (!f.closed && (f.withBot || f.agent === "")) items.push({ icon: { name: "person" }, label: t.askHuman, id: "human", act: () => handoff("human") });
    if (!f.closed && !f.withBot && s.members.some((m) => m.role === "bot")) items.push({ icon: { name: "bot" }, label: w.askBot, id: "bot", act: () => handoff("bot") });
  }
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    (box.current!.firstElementChild as HTMLElement | null)?.focus();
    const root = box.current!.getRootNode() as ShadowRoot;
    const own = root.querySelector('[aria-haspopup="menu"]')!; // which closes it by itself
    const outside = (e: Event) => { if (!e.composedPath().some((x) => x === box.current || x === own)) close(); };
    root.addEventListener("pointerdown", outside);
    return () => root.removeEventListener("pointerdown", outside);
  }, []);
  const keys = (e: KeyboardEvent) => {
    const all = [...box.current!.children] as HTMLElement[];
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (e.key === "Escape" || e.key === "Tab") {
      e.stopPropagation();
      e.preventDefault();
      close();
    } else if (step !== undefined) {
      e.preventDefault();
      all[(all.indexOf(e.target as HTMLElement) + step + all.length) % all.length]?.focus();
    }
  };
  return (
    <div class="menu" role="menu" aria-label={w.menu} ref={box} onKeyDown={keys}>
      {items.map((i) => <button type="button" role="menuitem" key={i.id} data-testid={`menu-${i.id}`} onClick={() => { close(); i.act(); }}><Icon {...i.icon} />{i.label}</button>)}
    </div>
  );
}

/** Saves the conversation as a text file. */
async function transcript(room: Room): Promise<void> {
  const r = await room.api.call("GET", `/conversations/${room.state.conv}/transcript`);
  const url = URL.createObjectURL(await r.blob());
  const a = document.createElement("a");
  a.href = url;
  a.download = `chat-${new Date().toISOString().slice(0, 10)}.txt`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
