// The list of messages: it stays at its end while the visitor is there, and where the visitor is otherwise.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { format } from "../../shared/i18n/index.ts";
import { systemText } from "../../shared/i18n/system.ts";
import type { Body, Message } from "../../shared/packets.ts";
import { fold, type Folded, type Item } from "../fold.ts";
import { str } from "../text.ts";
import { dayName, type Texts } from "../texts.ts";
import { Avatar, Bubble, type Mark } from "./bubble.tsx";
import { actionsOf } from "./bodies.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { QuickReplies } from "./replies.tsx";

export interface ListProps {
  folded: Folded;
  open(body: Body): void;
  /** The visitor is at the end: everything has been seen. */
  atEnd(end: boolean): void;
  greeting: preact.ComponentChildren;
  children?: preact.ComponentChildren;
}

export function useFolded(messages: readonly Message[]): Folded {
  return useMemo(() => fold(messages), [messages]);
}

function changeText(m: Message, t: Texts): string {
  if (m.body["event"] === "conversation.handoff") return m.body["to"] === "bot" ? t.toBot : m.body["by_role"] === "visitor" ? t.toHuman : t.toPerson;
  if (m.body["event"] === "conversation.rated") {
    const n = Math.min(5, Math.max(0, Number(m.body["rating"]) || 0));
    return `${t["conversation.rated"]} ${"★".repeat(n)}${"☆".repeat(5 - n)}`;
  }
  return systemText(m, t);
}

export function List({ folded, open, atEnd, greeting, children }: ListProps) {
  const { room, t, locale, uploads, parts } = useDesk();
  const s = room.state;
  const part = uploads.list.length > 0 ? parts.get() : undefined;
  const box = useRef<HTMLDivElement>(null);
  const was = useRef({ end: true, height: 0, client: 0, first: "" });
  const [below, setBelow] = useState(0);
  const names = new Map(s.members.map((m) => [m.user, m.name]));
  const nameOf = (m: Message) => names.get(m.sender) || (m.role === "bot" ? t.bot : (m.role === "agent" && folded.agent) || t.agent);
  const others = s.members.filter((m) => m.user !== s.visitor.id && m.role !== "visitor");
  const reach = (what: "delivered" | "read") => Math.max(0, ...others.map((m) => m[what]));
  const [delivered, read] = [reach("delivered"), reach("read")];
  const known = new Set(s.messages.map((m) => m.cmid));
  const pending = room.outbox.filter((e) => !known.has(e.cmid) && !(e.state === "accepted" && e.seq <= s.last));
  let lastOwn = 0;
  for (const m of s.messages) if (m.role === "visitor" && m.kind !== "system") lastOwn = m.seq;
  const answered = new Set(s.messages.map((m) => str(m.body["form"])).concat(room.outbox.map((e) => str(e.body["form"]))));
  const newest = s.messages.find((m) => m.mid === folded.newest);
  const writing = s.typing.map((u) => names.get(u) || folded.agent || t.agent);
  const streams = Object.entries(s.streams).filter(([mid]) => !s.messages.some((m) => m.mid === mid)); // it may have come with a page

  const row = (it: Item) => {
    if (it.type === "day") return <li key={it.key} class="day"><span>{dayName(it.time, locale, t)}</span></li>;
    if (it.type === "change") return <li key={it.key} class="change" data-testid="change">{changeText(it.message, t)}</li>;
    const m = it.message;
    const own = m.role === "visitor";
    const mark: Mark = own && m.seq === lastOwn && pending.length === 0 ? (m.seq <= read ? "read" : m.seq <= delivered ? "delivered" : "sent") : "";
    return <Bubble key={it.key} mid={m.mid} kind={m.kind} body={it.body} own={own} name={own ? t.you : nameOf(m)} bot={m.role === "bot"} time={m.time} edited={it.edited}
      first={it.first} last={it.last} mark={mark} entry={null} live={!own} answered={answered.has(m.mid)} open={open} />;
  };

  useLayoutEffect(() => {
    const el = box.current!;
    const first = folded.items[0]?.key ?? "";
    const w = was.current;
    if (w.end) el.scrollTop = el.scrollHeight;
    else if (first !== w.first && w.first !== "") el.scrollTop += el.scrollHeight - w.height; // earlier ones came in above
    was.current = { end: w.end, height: el.scrollHeight, client: el.clientHeight, first };
  });
  useLayoutEffect(() => {
    const el = box.current!;
    const watch = new ResizeObserver(() => { if (was.current.end) el.scrollTop = el.scrollHeight; });
    watch.observe(el);
    watch.observe(el.firstElementChild!); // a form or a rating grows by itself
    return () => watch.disconnect();
  }, []);

  const scrolled = () => {
    const el = box.current!;
    const w = was.current;
    const resized = el.clientHeight !== w.client || el.scrollHeight !== w.height; // a keyboard came up: it was not the visitor who scrolled
    if (w.end && resized) el.scrollTop = el.scrollHeight;
    const end = el.scrollHeight - el.scrollTop - el.clientHeight < 60;
    was.current = { ...w, end, height: el.scrollHeight, client: el.clientHeight };
    atEnd(end);
    if (end !== (below === 0)) setBelow(end ? 0 : 1);
    if (el.scrollTop < 160 && s.hasOlder) room.older();
  };
  const down = () => {
    was.current.end = true;
    box.current!.scrollTo({ top: box.current!.scrollHeight, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };
  return (
    <div class="middle">
      <div class="messages" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label={t.conversation} data-testid="messages"><div class="content">
        {s.hasOlder ? <button type="button" class="older" onClick={() => room.older()}>{t.older}</button> : greeting}
        <ol>
          {folded.items.map(row)}
          {pending.map((e, i) => <Bubble key={e.cmid} mid="" kind={e.kind} body={e.body} own name={t.you} bot={false} time={e.time} edited={false} first={i === 0} last={i === pending.length - 1}
            mark={e.state === "failed" ? "failed" : e.state === "accepted" ? "sent" : "sending"} entry={e} live={false} answered={false} open={open} />)}
          {uploads.list.map((u) => (part ? <part.Pending key={u.id} upload={u} /> : <li key={u.id} class="row own" data-testid="upload"><div class="bubble">{u.file.name}</div></li>))}
          {streams.map(([mid, text]) => <Bubble key={mid} mid={mid} kind="text" body={{ text }} own={false} name={t.bot} bot time={Date.now()} edited={false} first last mark="" entry={null} live={false} answered={false} open={open} />)}
        </ol>
        {newest !== undefined && newest.role !== "visitor" && pending.length === 0 && !folded.closed && (newest.kind === "text" || newest.kind === "card") && actionsOf(newest.body).length > 0
          && (newest.kind === "text" || str(newest.body["title"]) === "") && <QuickReplies body={newest.body} />}
        {writing.length > 0 && streams.length === 0 && (
          <div class="row first last writing"><span class="gutter"><Avatar name={writing[0]!} bot={false} /></span>
            <div class="stack"><div class="bubble dots" aria-hidden="true"><i /><i /><i /></div><span class="meta" data-testid="typing">{format(t.typing, { name: writing[0]! })}</span></div></div>
        )}
        {children}
      </div></div>
      {below > 0 && <button type="button" class="down" aria-label={t.newest} onClick={down}><Icon name="down" />{room.unread > 0 && <span class="count">{room.unread}</span>}</button>}
    </div>
  );
}
