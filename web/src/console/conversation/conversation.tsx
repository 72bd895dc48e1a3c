// A conversation: who it is with and what can be done, what was said, and what is to be said.

import { useEffect, useRef } from "react";
import { useGet } from "../api/query.ts";
import { ApiError } from "../api/client.ts";
import { useTexts } from "../i18n/index.ts";
import { visitorName, useNames } from "../inbox/names.ts";
import { useLive, useMe } from "../live/live.ts";
import { Empty } from "../ui/empty.tsx";
import { Failed } from "../ui/problem.tsx";
import { Composer } from "./composer.tsx";
import css from "./conversation.module.css";
import { Header } from "./header.tsx";
import { useRoom } from "./room.ts";
import { Thread, type ThreadHandle } from "./thread.tsx";

interface Props { id: string; back: () => void }

export function Conversation({ id, back }: Props) {
  const t = useTexts();
  const live = useLive();
  const me = useMe();
  const names = useNames();
  const room = useRoom(id);
  const thread = useRef<ThreadHandle>(null);
  const conv = useGet("/conversations/{id}", { path: { id } });
  useEffect(() => {
    live.bell.looking = () => id;
    return () => {
      live.bell.looking = () => "";
    };
  }, [live, id]);
  const missing = room.refused !== 0 || (conv.error instanceof ApiError && (conv.error.status === 404 || conv.error.status === 400));
  if (missing) return <section className={css.conversation}><Empty title={t.conversation.gone} text={t.conversation.goneText} role="alert" /></section>;
  const c = conv.data;
  if (c === undefined) {
    return <section className={css.conversation}>{conv.isError ? <Failed error={conv.error} again={() => void conv.refetch()} /> : <div className={css.loading} role="status" aria-label={t.conversation.loading} />}</section>;
  }
  const visitor = visitorName(c, t);
  const nameOf = (user: string) => user === c.visitor_id ? visitor : user === me.id ? me.name : names.agent(user) || room.members.find((m) => m.user === user)?.name || "";
  return (
    <section className={css.conversation} aria-label={visitor}>
      <Header c={c} back={back} />
      <Thread ref={thread} c={c} room={room} nameOf={nameOf} visitor={visitor} />
      <Typists room={room} nameOf={nameOf} />
      <Composer c={c} sent={() => thread.current?.end()} />
    </section>
  );
}

function Typists({ room, nameOf }: { room: ReturnType<typeof useRoom>; nameOf: (user: string) => string }) {
  const t = useTexts();
  return (
    <div className={css.typists} aria-live="polite">
      {[...room.typists].map(([user, text]) => (
        <p key={user} className={css.typist} data-testid="typing"><span className={css.dots} aria-hidden="true"><i /><i /><i /></span><b>{nameOf(user) || t.conversation.agent}</b> <span dir="auto">{text}</span></p>
      ))}
    </div>
  );
}
