// Why this agent: how the conversation came to whoever has it.

import { useEffect, useRef } from "react";
import type { Message } from "../../shared/packets.ts";
import { str } from "../../widget/text.ts";
import type { Conversation } from "../api/schema.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { duration, moment, useNow } from "../i18n/time.ts";
import { changeText, type Who } from "./said.ts";

/** The change that gave the conversation to whoever has it now, or into the queue; null if it is not among these messages. */
export function assignment(messages: readonly Message[], assignee: string | null): Message | null {
  return messages.findLast((m) => m.kind === "system" && (assignee === null
    ? ["conversation.queued", "conversation.created", "conversation.reopened", "conversation.transferred", "conversation.handoff"].includes(str(m.body["event"]))
    : str(m.body["assignee_id"]) === assignee)) ?? null;
}

/** What routing says of its decision, in the reader's language: the server's words are English (chat/routing.go). */
export function reasonText(why: string, t: Texts): string {
  const load = /^(least loaded|next in turn): (\d+) of (\d+)$/.exec(why);
  if (load !== null) return say(load[1] === "least loaded" ? t.panel.reasons.leastLoaded : t.panel.reasons.inTurn, { n: Number(load[2]), of: Number(load[3]) });
  return why === "answered this visitor last" ? t.panel.reasons.sticky : why;
}

/** The same as sentences; an agent who was silent before is one of its own (chat/silence.go). */
export function reasons(why: string, t: Texts): string[] {
  const silent = /^(.+) did not answer within (\d+) s; (.*)$/s.exec(why);
  if (silent !== null) return [say(t.panel.silent, { name: silent[1]!, n: Number(silent[2]) }), ...reasons(silent[3]!, t)];
  return why === "" ? [] : [say(t.panel.because, { reason: reasonText(why, t) })];
}

/** How many pages are loaded to find it. */
export const mostPages = 10;

interface Props { c: Conversation; messages: readonly Message[]; who: Who; /** Loads what was said before these messages; null if that is all. */ older: (() => void) | null }

export function Why({ c, messages, who, older }: Props) {
  const t = useTexts();
  const pages = useRef(0);
  const m = c.assignee_id === null || c.status === "queued" || c.status === "bot" ? null : assignment(messages, c.assignee_id);
  const sought = c.assignee_id !== null && (c.status === "open" || c.status === "snoozed") && m === null;
  useEffect(() => {
    if (sought && older !== null && pages.current++ < mostPages) older();
  }, [sought, messages, older === null]);
  const now = useNow();
  if (c.status === "queued") return <p data-testid="why">{say(t.panel.waitsSince, { time: c.queued_at === null ? "" : duration(Math.max(0, now - Date.parse(c.queued_at))) })}</p>;
  if (c.status === "bot") return <p data-testid="why">{t.panel.botHas}</p>;
  if (m === null) return <p data-testid="why">{c.assignee_id === null ? t.panel.nobodyHas : say(t.panel.has, { name: who.name(c.assignee_id) || t.conversation.agent })}</p>;
  const note = str(m.body["note"]);
  return (
    <div data-testid="why">
      <p>{changeText(m.body, t, who)} · <time>{moment(m.time)}</time></p>
      {reasons(str(m.body["why"]), t).map((r) => <p key={r}>{r}</p>)}
      {note !== "" && <q dir="auto">{note}</q>}
    </div>
  );
}
