// The message that a search found, or an address names: what was said since then is loaded, and the message shown.

import { useEffect, useRef, useState } from "react";
import type { Conversation } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { useLive } from "../live/live.ts";
import { tellDone } from "../ui/problem.tsx";
import type { Item } from "./fold.ts";
import type { Room } from "./room.ts";

/** How many pages are loaded to get there. */
export const mostPages = 40;

/** Where a message stands, by its seq; where it has no line of its own, what stands before it. -1: it is older than all of them. */
export function placeOf(items: readonly Item[], seq: number): number {
  return items.findLastIndex((it) => (it.type === "message" || it.type === "change") && it.message.seq <= seq);
}

/** Goes to the message at a seq, once; 0 means none. Returns its item's key once it is there, else "". */
export function useFound(c: Pick<Conversation, "id">, at: number, room: Pick<Room, "messages" | "hasOlder" | "joined">, items: readonly Item[], show: (index: number) => void): string {
  const t = useTexts();
  const { client } = useLive();
  const looked = useRef({ at: 0, pages: 0, done: true });
  const [found, setFound] = useState("");
  useEffect(() => {
    if (looked.current.at !== at) {
      looked.current = { at, pages: 0, done: at === 0 };
      setFound("");
    }
    const l = looked.current;
    if (l.done || !room.joined || (room.messages.at(-1)?.seq ?? 0) < at) return; // what came since it was looked at last is still to come
    if (room.hasOlder && (room.messages[0]?.seq ?? 0) > at) {
      if (l.pages++ < mostPages) return client.loadOlder(c.id);
      l.done = true;
      return tellDone(t.conversation.tooFar);
    }
    l.done = true;
    const i = placeOf(items, at);
    if (i < 0) return;
    show(i);
    setFound(items[i]!.key);
  }, [c.id, at, room.joined, room.messages, room.hasOlder]);
  return found;
}
