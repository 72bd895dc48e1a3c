// The side panel: who the visitor is, what it did on the site, what was said before, and why this agent has it.

import { ActionIcon, Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { useGet, usePages } from "../api/query.ts";
import type { Conversation, Person } from "../api/schema.ts";
import type { CardDraft } from "../conversation/card.ts";
import { bodyOf, said } from "../conversation/said.ts";
import { say, useTexts } from "../i18n/index.ts";
import { ago, date, moment, useNow } from "../i18n/time.ts";
import { visitorName } from "../inbox/names.ts";
import { useOnline } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconCards, IconExternalLink, IconEye, IconPackage, IconShieldCheck, IconShoppingCart, IconStarFilled, IconX, IconBolt } from "../ui/icons.ts";
import { Failed } from "../ui/problem.tsx";
import { Attributes } from "./attributes.tsx";
import { Identity } from "./identity.tsx";
import css from "./panel.module.css";
import { Profile } from "./profile.tsx";
import { cartOf, ordersOf, stepsOf, type Basket } from "./trail.ts";

interface Props { c: Conversation; why: ReactNode; close: () => void; /** Begins a card; not there for who may not write. */ card?: ((d: CardDraft) => void) | undefined }

export function Panel({ c, why, close, card }: Props) {
  const t = useTexts();
  const person = useGet("/visitors/{id}", { path: { id: c.visitor_id } });
  const p = person.data;
  return (
    <aside className={css.panel} aria-label={t.panel.title} data-testid="panel">
      <header className={css.head}><h2>{t.panel.title}</h2><ActionIcon onClick={close} aria-label={t.shell.close} data-testid="panel-close"><IconX size={18} /></ActionIcon></header>
      <div className={css.scroll}>
        {person.isError ? <Failed error={person.error} again={() => void person.refetch()} /> : p === undefined ? null : <>
          <Who c={c} p={p} />
          <Section title={t.panel.why}>{why}</Section>
          <Trail id={c.visitor_id} card={card} />
          <Attributes p={p} />
          <Earlier c={c} />
        </>}
      </div>
    </aside>
  );
}

export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return <section className={css.section}><header><h3>{title}</h3>{actions}</header>{children}</section>;
}

function Who({ c, p }: { c: Conversation; p: Person }) {
  const t = useTexts();
  const now = useNow();
  const online = useOnline(p.id);
  return (
    <section className={css.who} data-testid="who">
      <Avatar name={visitorName(c, t)} id={p.id} size={46} status={online === undefined ? undefined : online ? "online" : "offline"} />
      <div>
        <b dir="auto">{p.name || visitorName(c, t)}</b>
        <span className={p.verified ? css.verified : css.unverified} data-testid="verified" data-verified={p.verified} title={p.verified ? t.panel.verifiedText : t.panel.unverifiedText}>{p.verified ? <><IconShieldCheck size={14} />{t.panel.verified}</> : t.panel.unverified}</span>
        <small>{online === true ? t.panel.onlineNow : p.last_seen_at !== null && `${t.panel.lastSeen} ${ago(Date.parse(p.last_seen_at), now)}`}</small>
      </div>
      <Profile p={p} />
      <Identity p={p} name={visitorName(c, t)} />
    </section>
  );
}

/** What an agent can send the visitor as a card. */
function AsCard({ d, card }: { d: CardDraft; card: Props["card"] }) {
  const t = useTexts();
  const label = say(t.card.asCard, { name: d.title });
  return card === undefined ? null : <ActionIcon className={css.asCard} size="xs" onClick={() => card(d)} aria-label={label} title={label} data-testid="as-card"><IconCards size={14} /></ActionIcon>;
}

function Trail({ id, card }: { id: string; card: Props["card"] }) {
  const t = useTexts();
  const [all, setAll] = useState(false);
  const away = useOnline(id) === false;
  const pages = usePages("/visitors/{id}/events", { path: { id }, query: { limit: 50 } }, { staleTime: 2_000, every: (pages) => (away || pages > 1 ? 10_000 : 3_000) }); // no EVENT tells of them; many pages are read one after the other
  const cart = cartOf(pages.items);
  const orders = ordersOf(pages.items);
  const steps = stepsOf(pages.items);
  const shown = all ? steps : steps.slice(0, 6);
  return (
    <>
      <Section title={t.panel.cart}>
        {cart === null && orders.length === 0 && <p className={css.none}>{t.panel.noCart}</p>}
        {cart !== null && <BasketBox b={cart} icon={<IconShoppingCart size={15} />} title={t.panel.inCart} testid="cart" card={card} />}
        {orders.slice(0, 3).map((o) => <BasketBox key={o.at} b={o} icon={<IconPackage size={15} />} title={`${t.panel.order} ${o.id}`} testid="order" card={card} />)}
      </Section>
      <Section title={t.panel.trail}>
        {steps.length === 0 && <p className={css.none}>{t.panel.noTrail}</p>}
        <ol className={css.trail} data-testid="trail">
          {shown.map((s) => (
            <li key={s.id}>
              {s.name === "page_view" ? <IconEye size={14} /> : s.name === "cart_updated" ? <IconShoppingCart size={14} /> : s.name === "order_placed" ? <IconPackage size={14} /> : <IconBolt size={14} />}
              <span dir="auto">{s.href === "" ? (s.text || t.panel.steps[s.name]) : <a href={s.href} target="_blank" rel="noopener noreferrer nofollow" title={s.href}>{s.text || t.panel.steps[s.name]}</a>}</span>
              <time>{moment(s.at)}</time>
              {s.card !== null && <AsCard d={s.card} card={card} />}
            </li>
          ))}
        </ol>
        {(steps.length > shown.length || pages.hasNextPage) && <Button variant="subtle" size="compact-xs" loading={pages.isFetchingNextPage} onClick={() => { if (all) void pages.fetchNextPage(); setAll(true); }}>{t.shell.loadMore}</Button>}
      </Section>
    </>
  );
}

function BasketBox({ b, icon, title, testid, card }: { b: Basket; icon: ReactNode; title: string; testid: string; card: Props["card"] }) {
  const t = useTexts();
  return (
    <div className={css.basket} data-testid={testid}>
      <header>{icon}<b>{title}</b><time>{moment(b.at)}</time>{testid === "order" && <AsCard d={b.card} card={card} />}</header>
      <ul>{b.lines.map((l, i) => <li key={i}><span dir="auto">{l.name || t.panel.item}</span><small>× {l.quantity}</small><span>{l.price}</span><AsCard d={l.card} card={card} /></li>)}</ul>
      {b.more > 0 && <small>+ {b.more}</small>}
      {b.total !== "" && <footer><span>{t.panel.total}</span><b>{b.total}</b></footer>}
    </div>
  );
}

function Earlier({ c }: { c: Conversation }) {
  const t = useTexts();
  const pages = usePages("/conversations", { query: { visitor: c.visitor_id, limit: 10 } });
  const others = pages.items.filter((x) => x.id !== c.id);
  return (
    <Section title={t.panel.earlier}>
      {others.length === 0 && <p className={css.none}>{t.panel.noEarlier}</p>}
      <ul className={css.earlier} data-testid="earlier">
        {others.map((x) => (
          <li key={x.id}><Link href={`/inbox/${x.id}`}>
            <span><b>{date(Date.parse(x.created_at))}</b> · {t.conversation.status[x.status]}{x.rating !== null && <em><IconStarFilled size={11} />{x.rating}</em>}</span>
            <small dir="auto">{x.last_message === null ? t.inbox.noMessage : said(x.last_message.kind, bodyOf(x.last_message), t)}</small>
            <IconExternalLink size={13} aria-hidden="true" />
          </Link></li>
        ))}
      </ul>
      {pages.hasNextPage && <Button variant="subtle" size="compact-xs" onClick={() => void pages.fetchNextPage()}>{t.shell.loadMore}</Button>}
    </Section>
  );
}
