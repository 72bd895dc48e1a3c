// The menu in the head of the panel.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Room } from "../room.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";

export interface MenuItem { icon: Parameters<typeof Icon>[0]["name"]; label: string; id: string; act(): void }

export function Menu({ items, close }: { items: readonly MenuItem[]; close(): void }) {
  const { t } = useDesk();
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
    <div class="menu" role="menu" aria-label={t.menu} ref={box} onKeyDown={keys}>
      {items.map((i) => <button type="button" role="menuitem" key={i.id} data-testid={`menu-${i.id}`} onClick={() => { close(); i.act(); }}><Icon name={i.icon} />{i.label}</button>)}
    </div>
  );
}

/** Saves the conversation as a text file. */
export async function transcript(room: Room): Promise<void> {
  const r = await room.api.call("GET", `/conversations/${room.state.conv}/transcript`);
  const url = URL.createObjectURL(await r.blob());
  const a = document.createElement("a");
  a.href = url;
  a.download = `chat-${new Date().toISOString().slice(0, 10)}.txt`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
