// The rows of the live board that are on the screen, as board.changed tells them (docs/protocol.md, "The live board").

import type { Body } from "../../shared/packets.ts";

export interface BoardRow {
  id: string; external_id: string; verified: boolean; name: string; email: string; locale: string; page: string; state: "idle" | "queued" | "chatting";
  conversation_id: string | null; since: string; last_seen_at: string; pages: number; cart_value: number; has_cart: boolean;
}
type Told = Partial<BoardRow> & { id: string; at?: number };

/** rows are those from offset on; n is the number of the last event that was taken in, 0 before the first. */
export interface Board { n: number; offset: number; total: number; complete: boolean; rows: readonly BoardRow[] }

export const noBoard: Board = { n: 0, offset: 0, total: 0, complete: true, rows: [] };

const blank: Omit<BoardRow, "id"> = { external_id: "", verified: false, name: "", email: "", locale: "", page: "", state: "idle", conversation_id: null, since: "", last_seen_at: "", pages: 0, cart_value: 0, has_cart: false };

/** Takes in an event's data. null: one was lost, or it does not fit: the WATCH is to be sent again. */
export function take(b: Board, data: Body): Board | null {
  const n = Number(data["n"]);
  if (n !== 1 && n !== b.n + 1) return null;
  const gone = new Set((data["gone"] as string[] | undefined) ?? []);
  const told = (data["rows"] as Told[] | undefined) ?? [];
  const known = new Map(n === 1 ? [] : b.rows.map((r) => [r.id, r]));
  for (const r of told) if (r.at !== undefined) gone.add(r.id);
  const rows = n === 1 ? [] : b.rows.filter((r) => !gone.has(r.id));
  for (const { at, ...change } of told) {
    const was = known.get(change.id);
    if (was === undefined && at === undefined) return null;
    const row = { ...blank, ...was, ...change };
    if (at !== undefined) {
      if (at > rows.length) return null;
      rows.splice(at, 0, row);
    } else {
      const i = rows.findIndex((r) => r.id === row.id);
      if (i < 0) return null;
      rows[i] = row;
    }
  }
  return { n, offset: Number(data["offset"] ?? 0), total: Number(data["total"] ?? 0), complete: data["complete"] !== false, rows };
}

export const deepest = 10_000, mostRows = 200;

/** Which rows to watch for the ones that are seen: some more on both sides, so that slow scrolling asks for nothing. What is watched already is kept while it suffices. */
export function windowFor(first: number, last: number, have: { offset: number; limit: number } | null): { offset: number; limit: number } {
  if (have !== null && first >= have.offset && last < have.offset + have.limit) return have;
  const size = Math.min(mostRows, Math.max(50, (last - first + 1) * 2));
  const offset = Math.max(0, Math.min(deepest, first - Math.floor(Math.max(0, size - (last - first + 1)) / 2)));
  return { offset, limit: size };
}

const states = ["idle", "queued", "chatting"] as const;
const sorts = ["since", "last_seen", "pages", "cart_value"] as const;

/** What the board shows, as it stands in the address. "" and false ask for nothing. */
export interface BoardFilter { q: string; state: "" | (typeof states)[number]; page: string; country: string; cart: boolean; sort: (typeof sorts)[number]; asc: boolean }
export const boardSorts = sorts, boardStates = states;

export function readBoard(search: string): BoardFilter {
  const p = new URLSearchParams(search);
  const country = (p.get("country") ?? "").toUpperCase();
  return {
    q: (p.get("q") ?? "").slice(0, 200), page: (p.get("page") ?? "").slice(0, 200), country: /^[A-Z]{2}$/.test(country) ? country : "",
    state: states.find((s) => s === p.get("state")) ?? "", cart: p.get("cart") === "1", sort: sorts.find((s) => s === p.get("sort")) ?? "since", asc: p.get("order") === "asc",
  };
}

export function writeBoard(f: BoardFilter): string {
  const p = new URLSearchParams();
  if (f.q !== "") p.set("q", f.q);
  if (f.state !== "") p.set("state", f.state);
  if (f.page !== "") p.set("page", f.page);
  if (f.country !== "") p.set("country", f.country);
  if (f.cart) p.set("cart", "1");
  if (f.sort !== "since") p.set("sort", f.sort);
  if (f.asc) p.set("order", "asc");
  return p.size > 0 ? `?${p}` : "";
}

/** Who is looked at beside the board, as it stands in the address: since finds it again among very many. */
export interface Opened { id: string; since: string }

export function readOpened(search: string): Opened | null {
  const p = new URLSearchParams(search);
  const id = p.get("visitor") ?? "", since = p.get("since") ?? "";
  return /^[0-9a-f-]{36}$/.test(id) ? { id, since: Number.isNaN(Date.parse(since)) ? "" : since } : null;
}

export function writeOpened(f: BoardFilter, { id, since }: Opened): string {
  const p = new URLSearchParams(writeBoard(f));
  p.set("visitor", id);
  p.set("since", since);
  return `?${p}`;
}

/** The filter of WATCH. */
export function watchFilter(f: BoardFilter): Body {
  return {
    ...(f.q.trim() === "" ? {} : { q: f.q.trim() }), ...(f.state === "" ? {} : { state: f.state }), ...(f.page.trim() === "" ? {} : { page: f.page.trim() }), ...(f.country === "" ? {} : { country: f.country }),
    ...(f.cart ? { has_cart: true } : {}), sort: f.sort, order: f.asc ? "asc" : "desc",
  };
}

export function countBoard(f: BoardFilter): number {
  return (f.state === "" ? 0 : 1) + (f.page === "" ? 0 : 1) + (f.country === "" ? 0 : 1) + (f.cart ? 1 : 0);
}
