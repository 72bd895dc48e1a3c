// What a visitor did on the site. The site tells it, so it may be anything: it is read with care.

import type { VisitorEvent } from "../api/schema.ts";
import { locale } from "../i18n/index.ts";

export interface Item { name: string; quantity: number }
export interface Basket { items: Item[]; total: number | null; currency: string; order: string }

const object = (x: unknown): Record<string, unknown> => (typeof x === "object" && x !== null && !Array.isArray(x) ? (x as Record<string, unknown>) : {});
const text = (x: unknown): string => (typeof x === "string" ? x : typeof x === "number" ? String(x) : "");
const number = (x: unknown): number | null => (typeof x === "number" && Number.isFinite(x) ? x : null);

/** A cart or an order. */
export function basket(data: unknown): Basket {
  const d = object(data);
  const items = (Array.isArray(d["items"]) ? d["items"] : []).slice(0, 50).map((x): Item => {
    const i = object(x);
    return { name: text(x) || text(i["name"]) || text(i["title"]) || text(i["sku"]) || text(i["id"]), quantity: number(i["quantity"]) ?? number(i["qty"]) ?? 1 };
  }).filter((i) => i.name !== "");
  return { items, total: number(d["total"]) ?? number(d["value"]), currency: text(d["currency"]), order: text(d["order_id"]) || text(d["id"]) || text(d["number"]) };
}

/** An amount of money; of no currency that is known, the number as it is. */
export function money(n: number, currency: string): string {
  try {
    if (currency !== "") return new Intl.NumberFormat(locale(), { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(n);
  } catch {
    // No such currency.
  }
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 }).format(n) + (currency === "" ? "" : ` ${currency}`);
}

/** An address that may be opened: http and https only. "" for anything else. */
export function safeLink(url: string): string {
  try {
    const u = new URL(url);
    return u.protocol === "http:" || u.protocol === "https:" ? u.href : "";
  } catch {
    return "";
  }
}

/** The path of a page, for where there is little room. */
export function pathOf(url: string): string {
  try {
    const u = new URL(url);
    return u.pathname + u.search + u.hash;
  } catch {
    return url;
  }
}

/** What a page view shows: its title if it has one, and its address. */
export function pageView(data: unknown): { title: string; url: string } {
  const d = object(data);
  return { title: text(d["title"]), url: text(d["url"]) };
}

/** The newest cart, and every order, of a trail that begins with the newest. */
export function shopping(trail: readonly VisitorEvent[]): { cart: Basket | null; orders: { at: string; basket: Basket }[] } {
  const newest = trail.find((e) => e.name === "cart_updated" || e.name === "order_placed");
  const cart = newest?.name === "cart_updated" ? basket(newest.data) : null; // what was ordered is not in it any more
  return { cart: cart !== null && (cart.items.length > 0 || (cart.total ?? 0) > 0) ? cart : null, orders: trail.filter((e) => e.name === "order_placed").map((e) => ({ at: e.at, basket: basket(e.data) })) };
}

/** What was written into a field, as the attribute's value: true, false and numbers are kept as such. */
export function valueOf(written: string): unknown {
  const w = written.trim();
  if (w === "true" || w === "false") return w === "true";
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(w) && String(Number(w)) === w ? Number(w) : written;
}

/** An attribute's value as it stands in a field. */
export function writtenValue(v: unknown): string {
  return typeof v === "string" ? v : JSON.stringify(v);
}
