// A visitor's page: who it is, what it did, what was talked about, and the rights of the person.

import { ActionIcon, Badge, Button, Menu, Tooltip } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { ApiError, call } from "../api/client.ts";
import { useGet, usePages } from "../api/query.ts";
import type { Person } from "../api/schema.ts";
import { bodyOf, said } from "../conversation/said.ts";
import { say, useTexts } from "../i18n/index.ts";
import { date, moment } from "../i18n/time.ts";
import { useMe } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Empty } from "../ui/empty.tsx";
import { IconChevronLeft, IconDots, IconDownload, IconPencil, IconTrash, IconUserQuestion } from "../ui/icons.ts";
import { Page, Panel } from "../ui/page.tsx";
import { Failed, tellDone, tellProblem } from "../ui/problem.tsx";
import { saveFile } from "../ui/save.ts";
import { Attributes } from "./attributes.tsx";
import { Edit, Erase } from "./change.tsx";
import { pathOf, safeLink } from "./steps.ts";
import { Shopping, Trail } from "./trail.tsx";
import css from "./visitors.module.css";
import { nameOf, Seal } from "./who.tsx";

export function Profile({ id }: { id: string }) {
  const t = useTexts();
  const [, go] = useLocation();
  const q = useGet("/visitors/{id}", { path: { id } });
  const back = () => go("/visitors");
  if (q.data === undefined) {
    const gone = q.error instanceof ApiError && (q.error.status === 404 || q.error.status === 422 || q.error.status === 400);
    return <Page title={t.visitors.title} back={back}>{gone ? <Empty icon={<IconUserQuestion size={22} />} title={t.visitors.notFound} text={t.visitors.notFoundText}><Link href="/visitors">{t.visitors.back}</Link></Empty> : q.isError ? <Failed error={q.error} again={() => void q.refetch()} /> : null}</Page>;
  }
  return <Known p={q.data} back={back} />;
}

function Known({ p, back }: { p: Person; back: () => void }) {
  const t = useTexts();
  const name = nameOf(p, t);
  return (
    <Page back={back} actions={<Actions p={p} name={name} />} title={<span className={css.title}>
      <Link href="/visitors" aria-label={t.visitors.back} title={t.visitors.back}><IconChevronLeft size={18} /></Link><Avatar name={name} id={p.id} size={30} /><span data-testid="name" dir="auto">{name}</span>{p.verified && <Seal size={17} />}
    </span>}>
      <div className={css.profile}>
        <div><Talks id={p.id} /><Activity p={p} /></div>
        <div><Facts p={p} /><Basket p={p} /><Attributes p={p} /></div>
      </div>
    </Page>
  );
}

function Actions({ p, name }: { p: Person; name: string }) {
  const t = useTexts();
  const me = useMe();
  const [doing, setDoing] = useState<"edit" | "erase" | null>(null);
  const manages = me.role === "owner" || me.role === "admin";
  const save = async () => {
    try {
      const all = await call("GET /visitors/{id}/export", { path: { id: p.id } });
      saveFile(all instanceof Blob ? all : new Blob([JSON.stringify(all, null, 2)], { type: "application/json" }), `visitor-${p.id}.json`);
      tellDone(t.visitors.exported);
    } catch (e) {
      tellProblem(e);
    }
  };
  if (p.erased_at !== null || me.role === "viewer") return null;
  return (
    <>
      <Button variant="default" leftSection={<IconPencil size={15} />} onClick={() => setDoing("edit")} data-testid="edit">{t.visitors.edit}</Button>
      {manages && (
        <Menu position="bottom-end">
          <Menu.Target><ActionIcon variant="default" aria-label={t.visitors.more} data-testid="more"><IconDots size={17} /></ActionIcon></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconDownload size={15} />} onClick={() => void save()} data-testid="export">{t.visitors.exportAll}</Menu.Item>
            <Menu.Item color="var(--u-danger)" leftSection={<IconTrash size={15} />} onClick={() => setDoing("erase")} data-testid="erase">{t.visitors.erase}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Edit p={p} opened={doing === "edit"} close={() => setDoing(null)} />
      <Erase p={p} name={name} opened={doing === "erase"} close={() => setDoing(null)} />
    </>
  );
}

function Facts({ p }: { p: Person }) {
  const t = useTexts();
  const v = t.visitors;
  const link = safeLink(p.page);
  return (
    <Panel title={v.who}>
      <div className={css.badges} style={{ marginBottom: 12 }}>
        <Tooltip label={p.verified ? v.verifiedHint : v.unverifiedHint}><Badge color={p.verified ? "brand" : "gray"} data-testid="verified" data-verified={p.verified} tabIndex={0}>{p.verified ? v.verified : v.unverified}</Badge></Tooltip>
        {p.blocked && <Badge color="red">{v.blocked}</Badge>}
        {p.erased_at !== null && <Badge color="gray" data-testid="erased">{v.erased}</Badge>}
      </div>
      {p.erased_at !== null && <p className={css.soft}>{say(v.erasedText, { date: moment(Date.parse(p.erased_at)) })}</p>}
      <dl className={css.facts} data-testid="facts">
        <dt>{v.email}</dt><dd>{p.email}</dd>
        <dt>{v.phone}</dt><dd dir="ltr">{p.phone}</dd>
        <dt>{v.externalId}</dt><dd>{p.external_id}</dd>
        <dt>{v.locale}</dt><dd>{p.locale}</dd>
        <dt>{v.firstPage}</dt><dd dir="ltr">{link === "" ? p.page : <a href={link} target="_blank" rel="noopener noreferrer">{pathOf(p.page)}</a>}</dd>
        <dt>{v.firstSeen}</dt><dd>{moment(Date.parse(p.first_seen_at))}</dd>
        <dt>{v.lastSeen}</dt><dd>{p.last_seen_at === null ? "" : moment(Date.parse(p.last_seen_at))}</dd>
      </dl>
    </Panel>
  );
}

function Basket({ p }: { p: Person }) {
  const t = useTexts();
  const events = usePages("/visitors/{id}/events", { path: { id: p.id }, query: { limit: 100 } });
  return <Panel title={t.visitors.orders}><Shopping trail={events.items.length > 0 ? events.items : (p.trail ?? [])} /></Panel>;
}

function Activity({ p }: { p: Person }) {
  const t = useTexts();
  const q = usePages("/visitors/{id}/events", { path: { id: p.id }, query: { limit: 100 } });
  const trail = q.items.length > 0 ? q.items : (p.trail ?? []);
  return (
    <Panel title={t.visitors.trail} text={t.visitors.trailText}>
      {trail.length === 0 ? <p className={css.soft}>{t.visitors.noTrail}</p> : <Trail trail={trail} />}
      {q.hasNextPage && <Button variant="subtle" loading={q.isFetchingNextPage} onClick={() => void q.fetchNextPage()}>{t.shell.loadMore}</Button>}
    </Panel>
  );
}

function Talks({ id }: { id: string }) {
  const t = useTexts();
  const q = usePages("/conversations", { query: { visitor: id, limit: 20 } });
  return (
    <Panel title={t.visitors.conversations}>
      {q.isError && q.items.length === 0 ? <Failed error={q.error} again={() => void q.refetch()} /> : q.items.length === 0 ? <p className={css.soft}>{q.isPending ? t.shell.loading : t.visitors.noConversations}</p> : (
        <ul className={css.list}>{q.items.map((c) => (
          <li key={c.id}><Link href={`/inbox/${c.id}?view=all`} data-testid="talk" data-id={c.id}>
            <span dir="auto">{c.last_message === null ? t.inbox.noMessage : said(c.last_message.kind, bodyOf(c.last_message), t)}</span><Badge color={c.status === "closed" ? "gray" : c.status === "queued" ? "yellow" : "brand"}>{t.conversation.status[c.status]}</Badge>
            <small className={css.soft}>{date(Date.parse(c.created_at))}{c.rating === null ? "" : ` · ${"★".repeat(c.rating)}`}</small>
          </Link></li>
        ))}</ul>
      )}
      {q.hasNextPage && <Button variant="subtle" fullWidth mt={18} loading={q.isFetchingNextPage} onClick={() => void q.fetchNextPage()}>{t.shell.loadMore}</Button>}
    </Panel>
  );
}
