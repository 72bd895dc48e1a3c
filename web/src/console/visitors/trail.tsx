// What a visitor did on the site: its trail, its cart and its orders.

import type { VisitorEvent } from "../api/schema.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { IconBolt, IconReceipt, IconShoppingCart, IconWorld } from "../ui/icons.ts";
import { basket, money, pageView, pathOf, safeLink, shopping, type Basket } from "./steps.ts";
import css from "./visitors.module.css";

const icons = { page_view: IconWorld, cart_updated: IconShoppingCart, order_placed: IconReceipt, custom: IconBolt };

export function Trail({ trail }: { trail: readonly VisitorEvent[] }) {
  return <ul className={css.trail} data-testid="trail">{trail.map((e) => <Step key={e.id} e={e} />)}</ul>;
}

function Step({ e }: { e: VisitorEvent }) {
  const t = useTexts();
  const Icon = icons[e.name];
  const { title, text, link } = told(e, t);
  return (
    <li>
      <span className={css.dot} data-kind={e.name}><Icon size={15} stroke={1.8} role="img" aria-label={t.visitors.event[e.name]} /></span>
      <div><b dir="auto">{title}</b>{link !== "" ? <a href={link} target="_blank" rel="noopener noreferrer" dir="ltr">{text}</a> : text !== "" && <small dir="auto">{text}</small>}</div>
      <time dateTime={e.at}>{moment(Date.parse(e.at))}</time>
    </li>
  );
}

function told(e: VisitorEvent, t: Texts): { title: string; text: string; link: string } {
  switch (e.name) {
    case "page_view": {
      const p = pageView(e.data);
      return p.title === "" ? { title: pathOf(p.url), text: p.url, link: safeLink(p.url) } : { title: p.title, text: pathOf(p.url), link: safeLink(p.url) };
    }
    case "custom": {
      const { event, name, ...rest } = e.data as Record<string, unknown>;
      const title = String(event ?? name ?? t.visitors.event.custom);
      const more = name === undefined || String(name) === title ? rest : { name, ...rest };
      return { title, text: Object.keys(more).length === 0 ? "" : JSON.stringify(more), link: "" };
    }
    default: {
      const b = basket(e.data);
      const total = b.total === null ? "" : ` · ${money(b.total, b.currency)}`;
      const title = e.name === "order_placed" ? (b.order === "" ? t.visitors.event.order_placed : say(t.visitors.order, { id: b.order })) : b.items.length === 0 && (b.total ?? 0) === 0 ? t.visitors.emptyCart : t.visitors.event.cart_updated;
      return { title: title + total, text: b.items.map((i) => say(t.visitors.pieces, { n: i.quantity, name: i.name })).join(", "), link: "" };
    }
  }
}

export function Shopping({ trail }: { trail: readonly VisitorEvent[] }) {
  const t = useTexts();
  const { cart, orders } = shopping(trail);
  if (cart === null && orders.length === 0) return <p className={css.soft}>{t.visitors.noOrders}</p>;
  return (
    <>
      {cart !== null && <><h3 className={css.sub}>{t.visitors.inCart}</h3><Items b={cart} /></>}
      {orders.map((o) => <div key={o.at}><h3 className={css.sub}>{o.basket.order === "" ? t.visitors.event.order_placed : say(t.visitors.order, { id: o.basket.order })} · {moment(Date.parse(o.at))}</h3><Items b={o.basket} /></div>)}
    </>
  );
}

function Items({ b }: { b: Basket }) {
  const t = useTexts();
  return (
    <ul className={css.basket} data-testid="basket">
      {b.items.map((i, n) => <li key={n}><span dir="auto">{say(t.visitors.pieces, { n: i.quantity, name: i.name })}</span></li>)}
      {b.total !== null && <li><span>{t.visitors.total}</span><span>{money(b.total, b.currency)}</span></li>}
    </ul>
  );
}
