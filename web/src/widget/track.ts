// Tracker: what the visitor does on the shop's pages, for the agent's side panel. Until there is a connection it is kept for
// the length of the browser's session, and nothing is sent for its own sake. The view of the page itself is in memory until
// there is more, or the page goes: on most pages it is all there is, and web storage takes the browser's time.

import type { Body } from "../shared/packets.ts";
import { list } from "./settings.ts";
import { keepInTab, keptInTab } from "./tab.ts";

interface Tracked { name: string; data: Body }

const key = "uniqchat:tracked";
const most = 50;
const names: Readonly<Record<string, string>> = { page_view: "page_view", cart_updated: "cart_updated", order_placed: "order_placed" };

export class Tracker {
  /** Tells it, if there is a connection; the chat brings a way. */
  send: (name: string, data: Body) => boolean = () => false;
  private seen: Tracked[] = [];
  private first = true;

  constructor() {
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && this.seen.length > 0) this.keep(this.kept()); });
  }

  /** Tells, or keeps for later. Names that the protocol does not have go as custom. */
  track(name: string, data: Body): void {
    const known = names[name];
    const event = known === undefined ? { name: "custom", data: { ...data, name } } : { name: known, data };
    if (this.send(event.name, event.data)) return;
    this.seen.push(event);
    if (known === "page_view" && this.first) this.first = false;
    else this.keep(this.kept());
  }

  flush(): void {
    const kept = this.kept();
    this.keep([]);
    for (const e of kept) this.track(e.name === "custom" ? String(e.data["name"]) : e.name, e.data);
  }

  clear(): void {
    this.keep([]);
  }

  private kept(): Tracked[] {
    return [...(list(keptInTab(key)) as Tracked[]), ...this.seen].slice(-most);
  }

  private keep(all: Tracked[]): void {
    this.seen = [];
    keepInTab(key, all.length === 0 ? null : all);
  }
}
