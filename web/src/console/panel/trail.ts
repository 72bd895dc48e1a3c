// What a visitor did on the site, read with care: the page that told it can say anything.

import type { VisitorEvent } from "../api/schema.ts";
import { noCard, type CardDraft } from "../conversation/card.ts";
import { locale, say, words } from "../i18n/index.ts";
import { safeImage, safeLink, str } from "../../widget/text.ts";

export interface Line { name: string; quantity: number; price: string; /** As a card for the visitor. */ card: CardDraft }
/** A cart or an order. id: the order's number, as the shop names it. */
export interface Basket { at: number; id: string; lines: Line[]; more: number; total: string; card: CardDraft }
export interface Step { id: string; at: number; name: VisitorEvent["name"]; /** What it was: a page's title, an event's name. */ text: string; /** Where it was, if that can be opened. */ href: string; /** A page as a card; null of anything else. */ card: CardDraft | null }

type Loose = Record<string, unknown>;
const most = 8;

function object(v: unknown): Loose {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Loose) : {};
}

/** An amount of money; the plain number where the currency is none. */
export function money(amount: unknown, currency: unknown): string {
  const n = typeof amount === "number" ? amount : typeof amount === "string" && amount.trim() !== "" ? Number(amount) : NaN;
  if (!Number.isFinite(n)) return str(amount);
  try {
    return new Intl.NumberFormat(locale(), { style: "currency", currency: str(currency), currencyDisplay: "narrowSymbol" }).format(n);
  } catch {
    return new Intl.NumberFormat(locale()).format(n);
  }
}

function basket(e: VisitorEvent): Basket {
  const d = object(e.data);
  const items = Array.isArray(d["items"]) ? d["items"].map(object) : [];
  const currency = d["currency"];
  const lines = items.slice(0, most).map((i) => {
    const name = str(i["name"]) || str(i["title"]) || str(i["id"]) || str(i["sku"]);
    const card = { ...noCard, title: name, price: str(i["price"]), currency: str(i["currency"] ?? currency), url: safeLink(i["url"]), image: safeImage(i["image"]) };
    return { name, quantity: Number(i["quantity"]) > 0 ? Number(i["quantity"]) : 1, price: money(i["price"], i["currency"] ?? currency), card };
  });
  const total = d["total"] ?? d["value"];
  const id = str(d["order_id"]) || str(d["id"]) || str(d["number"]);
  const t = words();
  const card = {
    ...noCard, title: `${t.panel.order} ${id}`.trim(), text: lines.map((l) => say(t.card.lines, { name: l.name || t.panel.item, n: l.quantity })).join("\n"), price: str(total), currency: str(currency), url: safeLink(d["url"]),
  };
  return { at: Date.parse(e.at), id, lines, more: Math.max(0, items.length - most), total: total === undefined ? "" : money(total, currency), card };
}

/** What is in the cart; null if nothing is. events: the newest first. */
export function cartOf(events: readonly VisitorEvent[]): Basket | null {
  const e = events.find((x) => x.name === "cart_updated" || x.name === "order_placed");
  if (e === undefined || e.name === "order_placed") return null; // what was ordered is not in the cart any more
  const b = basket(e);
  return b.lines.length === 0 && Number(object(e.data)["total"] ?? object(e.data)["value"] ?? 0) === 0 ? null : b;
}

export function ordersOf(events: readonly VisitorEvent[]): Basket[] {
  return events.filter((e) => e.name === "order_placed").map(basket);
}

/** The trail, the newest first; the same page again is one step. */
export function stepsOf(events: readonly VisitorEvent[]): Step[] {
  const out: Step[] = [];
  for (const e of events) {
    const d = object(e.data);
    const url = str(d["url"]) || str(d["page"]);
    const text = e.name === "page_view" ? (str(d["title"]) || shortUrl(url)) : e.name === "custom" ? (str(d["event"]) || str(d["name"])) : "";
    const before = out.at(-1);
    if (e.name === "page_view" && before?.name === "page_view" && before.text === text && before.href === safeLink(url)) continue;
    const href = safeLink(url);
    out.push({ id: e.id, at: Date.parse(e.at), name: e.name, text, href, card: e.name === "page_view" && href !== "" ? { ...noCard, title: text, url: href } : null });
  }
  return out;
}

/** An address without what says little: "shop.example/mugs". */
export function shortUrl(url: string): string {
  const href = safeLink(url);
  if (href === "") return url;
  const u = new URL(href);
  return u.host.replace(/^www\./, "") + (u.pathname === "/" ? "" : decoded(u.pathname));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
