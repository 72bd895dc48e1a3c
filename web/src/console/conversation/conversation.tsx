// A conversation: who it is with and what can be done, what was said, and what is to be said.

import { Button } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { useEffect, useRef, useState, type DragEvent, type ReactNode } from "react";
import { useGet } from "../api/query.ts";
import { ApiError } from "../api/client.ts";
import type { Conversation as Record } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { visitorName, useNames } from "../inbox/names.ts";
import { useLive, useMe } from "../live/live.ts";
import { Panel } from "../panel/panel.tsx";
import { useCommands } from "../shell/commands.ts";
import { Empty } from "../ui/empty.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { noCard, type CardDraft } from "./card.ts";
import { CardModal } from "./card.tsx";
import { Composer, type ComposerHandle } from "./composer.tsx";
import css from "./conversation.module.css";
import { Back, Header } from "./header.tsx";
import { useLookers } from "./lookers.tsx";
import { useRoom, type Room } from "./room.ts";
import { Thread, type ThreadHandle } from "./thread.tsx";
import { Why } from "./why.tsx";

interface Props { id: string; /** The message to go to, by seq; 0: the newest. */ at: number; back: () => void }

export function Conversation({ id, at, back }: Props) {
  const t = useTexts();
  const live = useLive();
  const lookers = useLookers(id);
  const conv = useGet("/conversations/{id}", { path: { id } });
  const room = useRoom(id, conv.isSuccess ? conv.dataUpdatedAt : 0);
  useEffect(() => {
    live.bell.looking = () => id;
    return () => {
      live.bell.looking = () => "";
    };
  }, [live, id]);
  const missing = room.refused !== 0 || (conv.error instanceof ApiError && [400, 403, 404, 422].includes(conv.error.status));
  const [acted, setActed] = useState(false);
  useEffect(() => {
    if (!missing || !acted) return;
    tellDone(t.conversation.handedOver); // what was done here took it out of this agent's sight
    back();
  }, [missing, acted]);
  if (missing) return <Without back={back}><Empty title={t.conversation.gone} text={t.conversation.goneText} role="alert"><Button variant="default" onClick={back}>{t.inbox.toList}</Button></Empty></Without>;
  if (conv.data === undefined) {
    return <Without back={back}>{conv.isError ? <Failed error={conv.error} again={() => void conv.refetch()} /> : <div className={css.loading} role="status" aria-label={t.conversation.loading} />}</Without>;
  }
  return <Open c={conv.data} at={at} room={room} lookers={lookers} back={back} acted={() => setActed(true)} />;
}

/** What stands where a conversation would, with the way back. */
function Without({ back, children }: { back: () => void; children: ReactNode }) {
  const t = useTexts();
  useCommands([{ id: "back", group: "conversation", name: t.inbox.toList, keys: "Escape", hidden: true, run: back }]);
  return <section className={css.conversation}><header className={`${css.head} ${css.only}`}><Back run={back} /></header>{children}</section>;
}

function Open({ c, at, room, lookers, back, acted }: { c: Record; at: number; room: Room; lookers: readonly string[]; back: () => void; acted: () => void }) {
  const t = useTexts();
  const { client } = useLive();
  const me = useMe();
  const names = useNames();
  const thread = useRef<ThreadHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const wide = useMediaQuery("(min-width: 1180px)", true, { getInitialValueInEffect: false });
  const [pinned, setPinned] = useLocalStorage({ key: "uniqchat:console:panel", defaultValue: true, getInitialValueInEffect: false });
  const [over, setOver] = useState(false); // where it does not fit beside the thread, it lies over it
  const panel = wide ? pinned : over;
  const toggle = () => (wide ? setPinned(!pinned) : setOver(!over));
  const visitor = visitorName(c, t);
  const nameOf = (user: string) => user === c.visitor_id ? visitor : user === me.id ? me.name : names.agent(user) || room.members.find((m) => m.user === user)?.name || "";
  const [card, setCard] = useState<CardDraft | null>(null);
  const write = me.role === "viewer" ? undefined : setCard;
  useCommands([
    ...(write === undefined ? [] : [{ id: "card", group: "conversation" as const, name: t.card.send, run: () => setCard(noCard) }]),
    { id: "reply", group: "conversation", name: t.conversation.reply, keys: "r", run: () => composer.current?.write("reply") },
    { id: "note", group: "conversation", name: t.conversation.noteKey, keys: "n", run: () => composer.current?.write("note") },
    { id: "write", group: "conversation", name: t.conversation.reply, keys: "Enter", hidden: true, run: () => composer.current?.write("reply") },
    { id: "suggest", group: "conversation", name: t.ai.suggest.open, keys: "u", run: () => composer.current?.suggest() },
    { id: "canned", group: "conversation", name: t.conversation.canned, keys: "/", run: () => composer.current?.canned() },
  ]);
  const drop = useDrop((files) => composer.current?.attach(files));
  return (
    <div className={css.whole} data-panel={panel} data-over={!wide}>
      <section className={css.conversation} aria-label={visitor} {...drop.handlers}>
        <Header c={c} lookers={lookers} back={back} acted={acted} panel={panel} togglePanel={toggle} />
        <Thread ref={thread} c={c} at={at} room={room} nameOf={nameOf} visitor={visitor} />
        <Typists room={room} nameOf={nameOf} />
        <Composer ref={composer} c={c} sent={() => thread.current?.end()} card={() => setCard(noCard)} />
        {card !== null && <CardModal begun={card} close={() => setCard(null)} send={(body) => { client.send(c.id, "card", body); thread.current?.end(); }} />}
        {drop.over && <div className={css.drop}>{t.conversation.drop}</div>}
      </section>
      {panel && <Panel c={c} close={toggle} card={write} why={<Why c={c} messages={room.messages} older={room.hasOlder ? () => client.loadOlder(c.id) : null} who={{ name: nameOf, visitor }} />} />}
    </div>
  );
}

function Typists({ room, nameOf }: { room: Room; nameOf: (user: string) => string }) {
  const t = useTexts();
  return (
    <div className={css.typists} aria-live="polite">
      {[...room.typists].map(([user, text]) => (
        <p key={user} className={css.typist} data-testid="typing"><span className={css.dots} aria-hidden="true"><i /><i /><i /></span><b>{nameOf(user) || t.conversation.agent}</b> <span dir="auto">{text}</span></p>
      ))}
    </div>
  );
}

/** Files that are dragged over the conversation, and dropped. */
function useDrop(dropped: (files: File[]) => void) {
  const [depth, setDepth] = useState(0);
  const files = (e: DragEvent) => e.dataTransfer.types.includes("Files");
  return {
    over: depth > 0,
    handlers: {
      onDragEnter: (e: DragEvent) => { if (files(e)) setDepth((d) => d + 1); },
      onDragLeave: (e: DragEvent) => { if (files(e)) setDepth((d) => Math.max(0, d - 1)); },
      onDragOver: (e: DragEvent) => { if (files(e)) e.preventDefault(); },
      onDrop: (e: DragEvent) => {
        if (!files(e)) return;
        e.preventDefault();
        setDepth(0);
        dropped([...e.dataTransfer.files]);
      },
    },
  };
}
