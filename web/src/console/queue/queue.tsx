// The queue dashboard: are customers waiting? Who, how long, and who is there to answer. It is live: EVENTs read it again
// (live/live.ts), and what grows with time counts on the screen.

import { Badge, Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { refresh, useGet, usePages } from "../api/query.ts";
import type { AgentAtNow, Conversation, QueueReport, SLA } from "../api/schema.ts";
import { bodyOf, said } from "../conversation/said.ts";
import { say, useTexts } from "../i18n/index.ts";
import { duration } from "../i18n/time.ts";
import { useNames, visitorName } from "../inbox/names.ts";
import { useEvent, useLinkState } from "../live/live.ts";
import { Card, Cards } from "../reports/card.tsx";
import { count, seconds } from "../reports/figures.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Empty } from "../ui/empty.tsx";
import { IconChevronRight, IconCircleCheck, IconClock, IconHeadphones, IconAlertTriangle, IconMoodSmile } from "../ui/icons.ts";
import { Page, Panel } from "../ui/page.tsx";
import { Failed } from "../ui/problem.tsx";
import { isLate, mood, promised, waits } from "./late.ts";
import css from "./queue.module.css";

/** The time, second by second. */
function useSeconds(): number {
  const [now, tick] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => tick(Date.now()), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

const lastHour = () => new Date(Math.floor(Date.now() / 900_000) * 900_000 - 3_600_000).toISOString();

export default function Queue() {
  const t = useTexts();
  const link = useLinkState();
  const q = useGet("/reports/queue", {}, { every: 15_000, staleTime: 0 });
  useEvent("agent.status", () => refresh("/reports/queue"));
  const live = link.name === "online";
  return (
    <Page title={t.reports.section.now} text={t.reports.about.now} actions={<span className={css.live} data-on={live} role="status">{live ? t.queue.updated : t.queue.stale}</span>}>
      {q.data !== undefined ? <Now q={q.data} at={q.dataUpdatedAt} /> : q.isError ? <Failed error={q.error} again={() => void q.refetch()} /> : null}
    </Page>
  );
}

function Now({ q, at }: { q: QueueReport; at: number }) {
  const now = useSeconds();
  const waiting = usePages("/conversations", { query: { status: "queued", sort: "waiting", limit: 200 } }, { keep: true });
  const promises = useGet("/sla", { query: { limit: 200 } }, { staleTime: Infinity }).data?.data ?? [];
  const late = waiting.items.filter((c) => isLate(c, promises, now)).length;
  const longest = q.waiting === 0 ? 0 : q.longest_wait_seconds * 1000 + Math.max(0, now - at);
  return (
    <>
      <Head q={q} longest={longest} late={late} />
      <Figures q={q} longest={longest} late={late} more={waiting.hasNextPage} promises={promises} />
      <div className={css.two}>
        <Waiting list={waiting.items} more={waiting.hasNextPage} promises={promises} now={now} />
        <div>
          <Agents agents={q.agents} />
          {q.teams.length > 1 && <Teams q={q} late={now - at} />}
        </div>
      </div>
    </>
  );
}

function Head({ q, longest, late }: { q: QueueReport; longest: number; late: number }) {
  const t = useTexts().queue;
  const m = mood(q, late);
  const Icon = m === "good" ? IconMoodSmile : m === "warn" ? IconClock : IconAlertTriangle;
  const texts = q.waiting === 0 ? [q.agents_online === 0 ? t.nobodyHere : say(t.nobodyText, { n: q.agents_online, free: q.free_capacity })]
    : [say(t.longest, { time: duration(longest) }), q.agents_online === 0 ? t.nobodyHere : q.free_capacity === 0 ? t.noRoom : ""];
  return (
    <section className={css.head} data-mood={m} data-testid="queue" data-waiting={q.waiting}>
      <Icon size={30} stroke={1.6} aria-hidden="true" />
      <div><h2 aria-live="polite">{q.waiting === 0 ? t.nobody : say(t.waiting, { n: q.waiting })}</h2><p>{texts.filter((x) => x !== "").join(" ")}</p></div>
    </section>
  );
}

function Figures({ q, longest, late, more, promises }: { q: QueueReport; longest: number; late: number; more: boolean; promises: readonly SLA[] }) {
  const t = useTexts().queue;
  const hour = useGet("/reports/overview", { query: { since: lastHour() } }, { every: 60_000, keep: true }).data;
  const promise = promised(null, promises);
  return (
    <Cards n={5}>
      <Card title={t.waitingNow} value={q.waiting} format={count} testid="waiting" />
      <Card title={t.longestWait} value={longest / 1000} format={(s) => (s === 0 ? "–" : seconds(s))} />
      <Card title={t.typical} value={hour?.queue.median_seconds ?? null} format={seconds} text={hour?.queue.count === 0 ? t.typicalNone : t.typicalText} />
      <Card title={t.free} value={q.free_capacity} format={count} text={say(t.freeText, { n: q.agents_online })} testid="free" />
      <Tooltip label={t.lateHint} multiline w={260}><div><Card title={t.late} value={promises.length === 0 ? null : late} format={(n) => `${count(n)}${more ? "+" : ""}`} text={promise === null ? t.lateNone : say(t.latePromise, { time: duration(promise * 1000) })} testid="late" /></div></Tooltip>
    </Cards>
  );
}

function Waiting({ list, more, promises, now }: { list: readonly Conversation[]; more: boolean; promises: readonly SLA[]; now: number }) {
  const t = useTexts();
  return (
    <Panel title={t.queue.list} text={t.queue.listText}>
      {list.length === 0 ? <Empty icon={<IconCircleCheck size={22} />} title={t.queue.nobody} /> : (
        <ul className={css.list}>
          {list.slice(0, 30).map((c) => <li key={c.id}><Row c={c} late={isLate(c, promises, now)} wait={waits(c, now)} /></li>)}
          {(more || list.length > 30) && <li><Link className={css.more} href="~/console/inbox?view=queued">{t.queue.more}</Link></li>}
        </ul>
      )}
    </Panel>
  );
}

function Row({ c, late, wait }: { c: Conversation; late: boolean; wait: number }) {
  const t = useTexts();
  const names = useNames();
  const name = visitorName(c, t);
  const last = c.last_message === null ? t.inbox.noMessage : said(c.last_message.kind, bodyOf(c.last_message), t);
  const team = names.team(c.team_id);
  return (
    <Link className={css.row} href={`~/console/inbox/${c.id}?view=queued`} data-testid="waits" data-id={c.id}>
      <Avatar name={name} id={c.visitor_id} size={32} />
      <span><b>{name}{late && <> <Badge color="red">{t.queue.lateBadge}</Badge></>}</b><small dir="auto">{team === "" ? last : `${team} · ${last}`}</small></span>
      <span className={css.wait} data-late={late}>{duration(wait)}</span>
      <span className={css.go}><IconChevronRight size={16} aria-hidden="true" /></span>
    </Link>
  );
}

const order = { online: 0, busy: 1, away: 2, offline: 3 };

function Agents({ agents }: { agents: readonly AgentAtNow[] }) {
  const t = useTexts();
  const list = [...agents].sort((a, b) => order[a.status] - order[b.status] || b.open - a.open);
  return (
    <Panel title={t.queue.agents} text={t.queue.agentsText}>
      {list.length === 0 ? <Empty icon={<IconHeadphones size={22} />} title={t.queue.noAgents} text={t.queue.noAgentsText} /> : (
        <ul className={css.list}>{list.map((a) => <li key={a.agent_id}><AgentRow a={a} /></li>)}</ul>
      )}
    </Panel>
  );
}

function AgentRow({ a }: { a: AgentAtNow }) {
  const t = useTexts();
  const full = a.open >= a.capacity;
  return (
    <Link className={css.row} href={`~/console/inbox?view=open&assignee=${a.agent_id}`} title={say(t.queue.listenTo, { name: a.name })} data-testid="agent" data-id={a.agent_id}>
      <Avatar name={a.name} id={a.agent_id} size={32} status={a.status} />
      <span><b>{a.name}</b><small>{t.queue.status[a.status]}{a.open > 0 ? ` · ${t.queue.listen}` : ""}</small></span>
      <span className={css.load} data-full={full} style={{ "--load": a.capacity === 0 ? 1 : Math.min(1, a.open / a.capacity) } as React.CSSProperties}><span>{say(t.queue.load, { open: a.open, capacity: a.capacity })}</span><i aria-hidden="true" /></span>
      <span className={css.go}><IconChevronRight size={16} aria-hidden="true" /></span>
    </Link>
  );
}

function Teams({ q, late }: { q: QueueReport; late: number }) {
  const t = useTexts();
  return (
    <Panel title={t.queue.teams}>
      <ul className={css.list}>{q.teams.map((x) => (
        <li key={x.team_id ?? "none"}><div className={css.row} style={{ gridTemplateColumns: "minmax(0, 1fr) auto auto" }}><b>{x.team_id === null ? t.queue.noTeam : x.name}</b><span>{count(x.waiting)}</span><span className={css.wait}>{duration(x.longest_wait_seconds * 1000 + Math.max(0, late))}</span></div></li>
      ))}</ul>
    </Panel>
  );
}
