// A small picker of emoji. The system's own offers the rest.

import { useLayoutEffect, useRef } from "preact/hooks";
import { useDesk } from "./context.ts";

const emoji = [..."😀😄😁😅😂🙂😉😊😍😘😜🤔😐😏🙄😌😴😕😟😢😭😤😡😱👍👎👌🙏👏🙌💪👋✌🤝❤💔🎉🎁🔥⭐✅❌❓❗📦🚚🛒💰🧾📷📎⏰☕🌹"];
const perRow = 9;

export function EmojiPicker({ pick, close }: { pick(emoji: string): void; close(): void }) {
  const { t } = useDesk();
  const grid = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => (grid.current!.firstElementChild as HTMLElement).focus(), []);
  const keys = (e: KeyboardEvent) => {
    const all = [...grid.current!.children] as HTMLElement[];
    const at = all.indexOf(e.target as HTMLElement);
    const rtl = getComputedStyle(grid.current!).direction === "rtl" ? -1 : 1;
    const step = { ArrowRight: rtl, ArrowLeft: -rtl, ArrowDown: perRow, ArrowUp: -perRow }[e.key];
    if (e.key === "Escape") {
      e.stopPropagation();
      close();
    } else if (step !== undefined) {
      e.preventDefault();
      all[Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
    }
  };
  return (
    <div class="emoji" ref={grid} role="group" aria-label={t.emoji} data-testid="emoji-picker" onKeyDown={keys}>
      {emoji.map((e, i) => <button type="button" key={e} tabIndex={i === 0 ? 0 : -1} onClick={() => pick(e)}>{e}</button>)}
    </div>
  );
}
