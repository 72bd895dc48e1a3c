// What was said, as far as it is seen: it stays at its end while the reader is there, and where the reader is otherwise.

import { ActionIcon } from "@mantine/core";
import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState, type Ref } from "react";
import type { Conversation } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { useLive, useMe } from "../live/live.ts";
import { IconArrowDown } from "../ui/icons.ts";
import { Bubble, Change, Day, Pending, type Mark } from "./bubble.tsx";
import css from "./conversation.module.css";
import { fold, type Item } from "./fold.ts";
import { useFound } from "./found.ts";
import type { Room } from "./room.ts";
import { changeText } from "./said.ts";

export interface ThreadHandle { /** Goes to the newest message. */ end: () => void }
interface Props { c: Conversation; /** The message to go to, by seq; 0: the newest. */ at: number; room: Room; nameOf: (user: string) => string; visitor: string; ref?: Ref<ThreadHandle> }

const near = 80;
const overscan = 10;

/** What is shown, and what stays beside it though it is out of sight: the text that is written there would be lost. */
export function withKept(shown: readonly number[], kept: readonly number[]): number[] {
  return [...new Set([...shown, ...kept])].sort((a, b) => a - b);
}

export function Thread({ c, at, room, nameOf, visitor, ref }: Props) {
  const t = useTexts();
  const live = useLive();
  const me = useMe();
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const items = useMemo(() => fold(room.messages, room.outbox, room.last), [room.messages, room.outbox, room.last]);
  const [edited, setEdited] = useState<ReadonlySet<string>>(new Set()); // what is being edited, by mid
  const edit = useCallback((mid: string, on: boolean) => setEdited((was) => new Set(on ? [...was, mid] : [...was].filter((x) => x !== mid))), []);
  const kept = useMemo(() => items.flatMap((it, i) => (it.type === "message" && edited.has(it.message.mid) ? [i] : [])), [items, edited]);
  const virtual = useVirtualizer({
    count: items.length, getScrollElement: () => box.current, estimateSize: (i) => (items[i]?.type === "message" ? 56 : 34), getItemKey: (i) => items[i]?.key ?? i,
    overscan, rangeExtractor: useCallback((r: Range) => withKept(defaultRangeExtractor(r), kept), [kept]), paddingStart: 12, paddingEnd: 10, anchorTo: "end", followOnAppend: true, scrollEndThreshold: near,
    onChange: (v) => setAtEnd(v.isAtEnd(near)),
  });
  const seen = virtual.getVirtualItems();
  const ready = items.length > 0;
  useLayoutEffect(() => {
    if (ready) virtual.scrollToEnd();
  }, [ready]);
  useImperativeHandle(ref, () => ({ end: () => requestAnimationFrame(() => virtual.scrollToEnd()) }), [virtual]);
  const top = ready && room.hasOlder && (virtual.range?.startIndex ?? 99) < overscan + 8;
  useEffect(() => {
    if (top) live.client.loadOlder(c.id);
  }, [top, room.messages]);
  const found = useFound(c, at, room, items, (i) => virtual.scrollToIndex(i, { align: "center" }));
  useMarkRead(c, room, atEnd && ready);
  const mark = marks(room, c.visitor_id, me.id);
  const render = (it: Item) => {
    switch (it.type) {
      case "day": return <Day time={it.time} />;
      case "change": return <Change text={changeText(it.message.body, t, { name: nameOf, visitor })} body={it.message.body} time={it.message.time} />;
      case "pending": return <Pending entry={it.entry} first={it.first} />;
      case "message": return <Bubble item={it} editing={edited.has(it.message.mid)} edit={edit} own={it.message.sender === me.id} name={nameOf(it.message.sender)} mark={it.message.sender === me.id ? mark(it.message.seq) : ""} answers={it.message.role === "bot" ? (room.messages.findLast((m) => m.role === "visitor" && m.kind !== "system" && m.seq < it.message.seq)?.mid ?? "") : ""} />;
    }
  };
  return (
    <div className={css.middle}>
      <div className={css.thread} ref={box} role="log" aria-label={t.conversation.messages} tabIndex={0} data-testid="messages" data-joined={room.joined}>
        <div className={css.sheet} style={{ height: virtual.getTotalSize() }}>
          {seen.map((v) => <div key={v.key} className={css.slot} ref={virtual.measureElement} data-index={v.index} aria-current={found !== "" && v.key === found ? "true" : undefined} style={{ transform: `translateY(${v.start}px)` }}>{render(items[v.index]!)}</div>)}
        </div>
      </div>
      {ready && !atEnd && <ActionIcon className={css.down} variant="default" radius="xl" size="lg" onClick={() => virtual.scrollToEnd({ behavior: "smooth" })} aria-label={t.conversation.newest} data-testid="newest"><IconArrowDown size={18} /></ActionIcon>}
    </div>
  );
}

/** How far own messages got. */
function marks(room: Room, visitor: string, me: string): (seq: number) => Mark {
  const v = room.members.find((m) => m.user === visitor);
  let newest = 0, read = 0;
  for (const m of room.messages) {
    if (m.sender !== me || m.kind === "system" || m.visibility === "internal") continue;
    newest = m.seq;
    if (m.seq <= (v?.read ?? 0)) read = m.seq;
  }
  return (seq) => (seq === read ? "read" : seq !== newest ? "" : seq <= (v?.delivered ?? 0) ? "delivered" : "sent");
}

/** What is on the screen has been read, if it is looked at by whoever takes care of it: who listens in changes nothing. */
function useMarkRead(c: Conversation, room: Room, shown: boolean): void {
  const live = useLive();
  const me = useMe();
  const [looking, setLooking] = useState(isLooking);
  useEffect(() => {
    const look = () => setLooking(isLooking());
    for (const e of ["focus", "blur"]) window.addEventListener(e, look);
    document.addEventListener("visibilitychange", look);
    return () => {
      for (const e of ["focus", "blur"]) window.removeEventListener(e, look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  const mine = c.assignee_id === me.id;
  useEffect(() => {
    if (shown && looking && mine && room.last > 0) live.client.read(c.id, room.last);
  }, [live, c.id, shown, looking, mine, room.last]);
}

function isLooking(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
