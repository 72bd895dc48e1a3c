// Why this agent: how the conversation came to whoever has it.

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

export function Why({ c, messages, who }: { c: Conversation; messages: readonly Message[]; who: Who }) {
  const t = useTexts();
  const now = useNow();
  if (c.status === "queued") return <p data-testid="why">{say(t.panel.waitsSince, { time: c.queued_at === null ? "" : duration(Math.max(0, now - Date.parse(c.queued_at))) })}</p>;
  if (c.status === "bot") return <p data-testid="why">{t.panel.botHas}</p>;
  const m = c.assignee_id === null ? null : assignment(messages, c.assignee_id);
  if (m === null) return <p data-testid="why">{c.assignee_id === null ? t.panel.nobodyHas : say(t.panel.has, { name: who.name(c.assignee_id) || t.conversation.agent })}</p>;
  const why = reasonText(str(m.body["why"]), t), note = str(m.body["note"]);
  return (
    <div data-testid="why">
      <p>{changeText(m.body, t, who)} · <time>{moment(m.time)}</time></p>
      {why !== "" && <p>{say(t.panel.because, { reason: why })}</p>}
      {note !== "" && <q dir="auto">{note}</q>}
    </div>
  );
}
