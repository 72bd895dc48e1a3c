// What the inbox shows, as it stands in the page's address and as the API is asked for it.

import type { Api, Conversation } from "../api/schema.ts";

/** A queue of the inbox: conversations of certain states, mine or everybody's. */
export type View = "mine" | "queued" | "open" | "bot" | "snoozed" | "closed" | "all";
export const views: readonly View[] = ["mine", "queued", "open", "bot", "snoozed", "closed", "all"];

/** Every text is "" if it asks for nothing. since and until are days (2026-11-26), the last one included. */
export interface Filters { view: View; q: string; assignee: string; team: string; label: string; since: string; until: string }

export const noFilters: Filters = { view: "mine", q: "", assignee: "", team: "", label: "", since: "", until: "" };
const texts = ["q", "assignee", "team", "label", "since", "until"] as const;

type Query = NonNullable<Api["GET /conversations"]["query"]>;

export const pageSize = 50;

/** Reads the filters of an address's query. What makes no sense counts as not there. */
export function readFilters(search: string): Filters {
  const p = new URLSearchParams(search);
  const out: Filters = { ...noFilters };
  const view = p.get("view");
  if (views.includes(view as View)) out.view = view as View;
  for (const name of texts) out[name] = (p.get(name) ?? "").slice(0, 200);
  for (const name of ["since", "until"] as const) if (!/^\d{4}-\d\d-\d\d$/.test(out[name])) out[name] = "";
  return out;
}

/** The address's query for filters: "?view=open&q=…", or "". */
export function writeFilters(f: Filters): string {
  const p = new URLSearchParams();
  if (f.view !== noFilters.view) p.set("view", f.view);
  for (const name of texts) if (f[name] !== "") p.set(name, f[name]);
  return p.size > 0 ? `?${p}` : "";
}

/** The address of a conversation beside such a list, at the message that a search found. */
export function addressOf(c: Pick<Conversation, "id" | "match">, f: Filters = noFilters): string {
  const query = writeFilters(f);
  return `/inbox/${c.id}${query}${c.match === undefined ? "" : `${query === "" ? "?" : "&"}at=${c.match.seq}`}`;
}

/** Which message of the conversation an address means, by seq; 0 if none. */
export function readAt(search: string): number {
  const at = Number(new URLSearchParams(search).get("at"));
  return Number.isSafeInteger(at) && at > 0 ? at : 0;
}

/** How many filters are set besides the view and the search. */
export function countFilters(f: Filters): number {
  return (f.assignee !== "" && f.view !== "mine" ? 1 : 0) + (f.team !== "" ? 1 : 0) + (f.label !== "" ? 1 : 0) + (f.since !== "" || f.until !== "" ? 1 : 0);
}

/** The query that the API is asked with. */
export function toQuery(f: Filters): Query {
  const out: Query = { limit: pageSize };
  if (f.view === "mine") Object.assign(out, { status: "open", assignee: "me" });
  else {
    if (f.view !== "all") out.status = f.view;
    if (f.assignee !== "") out.assignee = f.assignee;
  }
  if (f.team !== "") out.team = f.team;
  if (f.label !== "") out.label = f.label;
  if (f.q.trim() !== "") out.q = f.q.trim();
  else if (f.view === "queued") out.sort = "waiting";
  if (f.since !== "") out.since = midnight(f.since, 0);
  if (f.until !== "") out.until = midnight(f.until, 1);
  return out;
}

/** The beginning of a day here, days later. */
function midnight(day: string, later: number): string {
  const [y, m, d] = day.split("-").map(Number) as [number, number, number];
  return new Date(y, m - 1, d + later).toISOString();
}
