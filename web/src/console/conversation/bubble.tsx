// One line of the thread: a message, a message on its way, a change, a day.

import { memo } from "react";
import type { OutboxEntry } from "../../shared/outbox.ts";
import type { Body } from "../../shared/packets.ts";
import { Sources, sourcesOf } from "../ai/sources.tsx";
import { SummaryView, summaryOf } from "../ai/summary.tsx";
import { WhyButton } from "../ai/trace.tsx";
import { useGet } from "../api/query.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { clock, date, moment } from "../i18n/time.ts";
import { useLive } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconCheck, IconChecks, IconClock, IconLock } from "../ui/icons.ts";
import { speaksAsServer } from "../ui/problem.tsx";
import { str } from "../../widget/text.ts";
import { Content } from "./bodies.tsx";
import css from "./conversation.module.css";
import type { Item } from "./fold.ts";
import { Edit, Tools } from "./revise.tsx";

/** How far an own message got; "" where it is not said. */
export type Mark = "" | "sending" | "sent" | "delivered" | "read";

interface Props { item: Item & { type: "message" }; editing: boolean; /** Begins to edit the message, or ends it. */ edit: (mid: string, on: boolean) => void; own: boolean; name: string; mark: Mark; /** Of a bot's message: the visitor's that it answers, by mid; "" of others. */ answers: string }

export const Bubble = memo(function Bubble({ item, editing, edit, own, name, mark, answers }: Props) {
  const t = useTexts();
  const { message: m, body, edited, first } = item;
  const staff = m.role !== "visitor";
  const internal = m.visibility === "internal";
  const bot = m.role === "bot";
  const called = useGet("/bot", {}, { enabled: bot, staleTime: 5 * 60_000 }).data?.name;
  const summary = bot && internal && body !== null ? summaryOf(body["summary"]) : null;
  const who = own ? t.shell.you : name || (bot ? called || t.conversation.bot : m.role === "api" ? t.conversation.system : t.conversation.agent);
  return (
    <div className={css.row} data-side={staff ? "us" : "them"} data-first={first} data-internal={internal}>
      <span className={css.face}>{first && <Avatar name={name || who} id={m.sender} size={26} />}</span>
      <div className={css.stack} data-testid="message" data-mid={m.mid}>
        {first && <span className={css.by}><b>{who}</b><time title={moment(m.time)}>{clock(m.time)}</time></span>}
        <div className={css.line}>
          <div className={css.bubble} data-kind={body === null ? "recalled" : m.kind} title={first ? undefined : clock(m.time)}>
            {internal && <span className={css.note}><IconLock size={12} />{t.conversation.note}</span>}
            {body === null ? <i>{t.conversation.recalled}</i> : editing ? <Edit message={m} body={body} close={() => edit(m.mid, false)} /> : summary !== null ? <SummaryView summary={summary} handed /> : <Content kind={m.kind} body={body} />}
          </div>
          {body !== null && !editing && <Tools message={m} body={body} edit={() => edit(m.mid, true)} />}
        </div>
        {bot && body !== null && <Sources all={sourcesOf(body["sources"])} />}
        {bot && answers !== "" && !internal && <span className={css.meta}><WhyButton conv={m.conv} question={answers} /></span>}
        {(mark !== "" || edited) && <span className={css.meta}>{edited && t.conversation.edited}{mark !== "" && <Marked mark={mark} />}</span>}
      </div>
    </div>
  );
});

function Marked({ mark }: { mark: Exclude<Mark, ""> }) {
  const t = useTexts();
  const Icon = mark === "sending" ? IconClock : mark === "sent" ? IconCheck : IconChecks;
  return <span className={css.mark} data-testid="mark" data-mark={mark}><Icon size={13} aria-hidden="true" />{t.conversation[mark]}</span>;
}

/** An own message that is not in the log yet. */
export function Pending({ entry, first }: { entry: OutboxEntry; first: boolean }) {
  const t = useTexts();
  const { client } = useLive();
  const internal = entry.visibility === "internal";
  const failed = entry.state === "failed";
  return (
    <div className={css.row} data-side="us" data-first={first} data-internal={internal}>
      <span className={css.face} />
      <div className={css.stack} data-testid="message" data-pending="true">
        <div className={css.bubble} data-kind={entry.kind} data-failed={failed}>
          {internal && <span className={css.note}><IconLock size={12} />{t.conversation.note}</span>}
          <Content kind={entry.kind} body={entry.body} />
        </div>
        {failed ? (
          <span className={css.bad} role="alert" data-testid="failed">
            {say(t.conversation.failed, { reason: refusal(entry, t) })}
            <button type="button" onClick={() => client.retry(entry.cmid)} data-testid="retry">{t.conversation.retry}</button>
            <button type="button" onClick={() => client.discard(entry.cmid)} data-testid="discard">{t.conversation.discard}</button>
          </span>
        ) : <span className={css.meta}><Marked mark={entry.state === "accepted" ? "sent" : "sending"} /></span>}
      </div>
    </div>
  );
}

/** Why a message was not taken. An ERROR packet says it in English; its code is what other languages go by. */
export function refusal({ code, reason }: Pick<OutboxEntry, "code" | "reason">, t: Texts): string {
  const all: Readonly<Record<string, string>> = t.problems.refused;
  return speaksAsServer() && reason !== "" ? reason : (all[`e${code}`] ?? t.problems.refused.other);
}

/** A change of the conversation, with what was said about it. */
export function Change({ text, body, time }: { text: string; body: Body; time: number }) {
  const why = [str(body["note"]), str(body["rating_comment"])].filter((x) => x !== "");
  return <div className={css.change} data-testid="change"><span>{text} · <time title={moment(time)}>{clock(time)}</time></span>{why.map((w) => <q key={w} dir="auto">{w}</q>)}</div>;
}

export function Day({ time }: { time: number }) {
  const t = useTexts();
  const midnight = (n: number) => new Date(n).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(Date.now()) - midnight(time)) / 86_400_000);
  return <div className={css.day}><span>{days === 0 ? t.time.today : days === 1 ? t.time.yesterday : date(time)}</span></div>;
}
