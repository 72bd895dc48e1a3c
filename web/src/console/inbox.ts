// Inbox: the lists of conversations, re-read over HTTP when the server says that something changed.

import { arrange, h } from "../shared/dom.ts";
import type { UUID } from "../shared/uuid.ts";
import { call, type Conversation } from "./api.ts";
import type { Texts } from "./texts.ts";

export type Tab = "queued" | "open" | "closed";
export const tabs: readonly Tab[] = ["queued", "open", "closed"];

interface List { data: Conversation[]; next_cursor: string | null }

const pageSize = 50;
const pause = 300; // between two readings, so that a burst of changes is one

export class Inbox {
  readonly element: HTMLElement;
  tab: Tab = "queued";
  private readonly lists = new Map<Tab, Conversation[]>();
  /** How many pages of each list are shown, and whether there are more. */
  private readonly pages: Record<Tab, number> = { queued: 1, open: 1, closed: 1 };
  private readonly more = new Set<Tab>();
  private readonly moreButton: HTMLButtonElement;
  private readonly rows = new Map<UUID, HTMLButtonElement>();
  private readonly list = h("div", { class: "rows", role: "list" });
  private readonly tabButtons = new Map<Tab, HTMLButtonElement>();
  private selected: UUID = "";
  private timer = 0;
  private reading = false;
  private again = false;

  constructor(private readonly t: Texts, private readonly pick: (c: Conversation) => void, private readonly broken: (e: unknown) => void) {
    this.moreButton = h("button", { type: "button", class: "more", onclick: () => {
      this.pages[this.tab]++;
      this.refresh();
    } }, t.more);
    const bar = h("div", { class: "tabs", role: "tablist" });
    for (const tab of tabs) {
      const b = h("button", { class: "tab", role: "tab", type: "button", "data-testid": `tab-${tab}`, onclick: () => this.show(tab) });
      this.tabButtons.set(tab, b);
      bar.append(b);
    }
    this.element = h("nav", { class: "inbox", "aria-label": t.list }, bar, this.list);
    this.draw();
  }

  show(tab: Tab): void {
    this.tab = tab;
    this.draw();
    this.refresh();
  }

  select(conv: UUID): void {
    this.selected = conv;
    this.draw();
  }

  find(conv: UUID): Conversation | undefined {
    for (const list of this.lists.values()) {
      const c = list.find((c) => c.id === conv);
      if (c !== undefined) return c;
    }
    return undefined;
  }

  /** Reads the lists again soon. */
  refresh(): void {
    if (this.timer === 0) this.timer = window.setTimeout(() => void this.read(), pause);
  }

  private async read(): Promise<void> {
    this.timer = 0;
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    try {
      await Promise.all(tabs.map((tab) => this.readList(tab)));
      this.draw();
    } catch (e) {
      this.broken(e);
    } finally {
      this.reading = false;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    }
  }

  /** Reads as many pages of a list as are shown. */
  private async readList(tab: Tab): Promise<void> {
    const found = new Map<UUID, Conversation>(); // pages may overlap while the list changes
    let cursor: string | null = null;
    for (let n = 0; n < this.pages[tab]; n++) {
      const after: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page: List = await call<List>("GET", `/conversations?status=${tab}&limit=${pageSize}${after}`);
      for (const c of page.data) found.set(c.id, c);
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    if (cursor === null) this.more.delete(tab);
    else this.more.add(tab);
    this.lists.set(tab, [...found.values()]);
  }

  draw(): void {
    const names = { queued: this.t.queued, open: this.t.open, closed: this.t.closed };
    for (const [tab, b] of this.tabButtons) {
      const n = tab === "closed" ? 0 : (this.lists.get(tab)?.length ?? 0);
      b.textContent = n > 0 ? `${names[tab]} ${n}${this.more.has(tab) ? "+" : ""}` : names[tab];
      b.setAttribute("aria-selected", String(tab === this.tab));
    }
    const list = this.lists.get(this.tab);
    if (list === undefined || list.length === 0) {
      const empty = { queued: this.t.emptyQueue, open: this.t.emptyOpen, closed: this.t.emptyClosed }[this.tab];
      this.list.replaceChildren(h("p", { class: "empty" }, list === undefined ? this.t.loading : empty));
      return;
    }
    const order = this.tab === "queued" ? [...list].sort((a, b) => ((a.queued_at ?? "") < (b.queued_at ?? "") ? -1 : 1)) : list;
    arrange(this.list, [...order.map((c) => this.row(c)), ...(this.more.has(this.tab) ? [this.moreButton] : [])]);
    const shown = new Set(order.map((c) => c.id));
    for (const id of this.rows.keys()) if (!shown.has(id)) this.rows.delete(id);
  }

  private row(c: Conversation): HTMLButtonElement {
    let row = this.rows.get(c.id);
    if (row === undefined) {
      row = h("button", { class: "row", type: "button", "data-testid": "conversation" });
      this.rows.set(c.id, row);
    }
    row.onclick = () => this.pick(this.find(c.id) ?? c);
    row.setAttribute("aria-current", String(c.id === this.selected));
    const text = typeof c.last_message?.body["text"] === "string" ? c.last_message.body["text"] : this.t.noMessage;
    const when = this.tab === "queued" && c.queued_at !== null ? `${this.t.waitedFor} ${ago(Date.parse(c.queued_at), this.t)}` : ago(c.last_message?.time ?? Date.parse(c.created_at), this.t);
    row.replaceChildren(
      h("span", { class: "avatar", "aria-hidden": "true" }, initial(visitorName(c, this.t))),
      h("span", { class: "who" }, visitorName(c, this.t)),
      h("span", { class: "when" }, when),
      h("span", { class: "last" }, text),
      ...(c.unread > 0 ? [h("span", { class: "badge", "aria-label": `${c.unread} ${this.t.unread}` }, String(Math.min(c.unread, 99)))] : []));
    return row;
  }
}

/** A visitor's name, or a short one made of the id. */
export function visitorName(c: Pick<Conversation, "visitor_name" | "visitor_id">, t: Texts): string {
  return c.visitor_name !== "" ? c.visitor_name : `${t.visitor} ${c.visitor_id.slice(-4)}`;
}

export function initial(name: string): string {
  return ([...name.trim()][0] ?? "?").toUpperCase();
}

function ago(ms: number, t: Texts): string {
  const min = Math.floor((Date.now() - ms) / 60_000);
  if (min < 1) return t.now;
  if (min < 60) return `${min} ${t.min}`;
  if (min < 1440) return `${Math.floor(min / 60)} ${t.hour}`;
  return new Date(ms).toLocaleDateString();
}
