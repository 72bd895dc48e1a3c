// A conversation's row in the list.

import { memo } from "react";
import { Link } from "wouter";
import type { Conversation } from "../api/schema.ts";
import { bodyOf, said } from "../conversation/said.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { ago, useNow } from "../i18n/time.ts";
import { useMe } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconFlagFilled, IconStarFilled } from "../ui/icons.ts";
import { addressOf, type Filters } from "./filters.ts";
import css from "./inbox.module.css";
import { useNames, visitorName } from "./names.ts";

export const Row = memo(function Row({ c, current, filters }: { c: Conversation; current: boolean; filters: Filters }) {
  const t = useTexts();
  const me = useMe();
  const names = useNames();
  const now = useNow();
  const name = visitorName(c, t);
  const waits = c.status === "queued" && c.queued_at !== null;
  const when = waits ? Date.parse(c.queued_at!) : (c.last_message?.time ?? Date.parse(c.created_at));
  const whose = c.assignee_id === null || c.assignee_id === me.id ? "" : names.agent(c.assignee_id);
  return (
    <Link href={addressOf(c, filters)} className={css.row} aria-current={current ? "true" : undefined} data-testid="conversation" data-id={c.id} data-unread={c.unread > 0}>
      <Avatar name={name} id={c.visitor_id} size={34} />
      <span className={css.who}>
        <b>{name}</b>
        {c.priority > 0 && <IconFlagFilled className={css.flag} size={12} aria-label={t.inbox.urgent} />}
        {c.rating !== null && <span className={css.rating}><IconStarFilled size={11} aria-hidden="true" />{c.rating}</span>}
      </span>
      <time className={css.when} data-late={waits && now - when > 120_000} dateTime={new Date(when).toISOString()}>{waits && now - when >= 60_000 ? say(t.inbox.waits, { time: ago(when, now) }) : ago(when, now)}</time>
      <span className={css.last} dir="auto">{c.match?.snippet ?? lastText(c, t)}</span>
      <span className={css.marks}>
        {c.labels.slice(0, 3).map((l) => <i key={l} className={css.dot} style={{ background: names.colour(l) }} title={l} />)}
        {whose !== "" && <span className={css.whose} title={whose}>{whose}</span>}
        {c.unread > 0 && <span className={css.badge} aria-label={say(t.inbox.unread, { n: c.unread })}>{Math.min(c.unread, 99)}</span>}
      </span>
    </Link>
  );
});

/** The last thing that was said, in a line. */
export function lastText(c: Conversation, t: Texts): string {
  const m = c.last_message;
  if (m === null) return t.inbox.noMessage;
  if (m.recalled === true) return t.conversation.recalled;
  const text = said(m.kind, bodyOf(m), t);
  return m.role === "visitor" ? text : say(m.role === "bot" ? t.inbox.botSaid : t.inbox.weSaid, { text });
}
