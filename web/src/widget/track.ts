// Tracker: what the visitor does on the shop's pages, for the agent's side panel. Until there is a connection it is kept for
// the length of the browser's session, and nothing is sent for its own sake. The view of the page itself is in memory until
// there is more, or the page goes: on most pages it is all there is, and web storage takes the browser's time.

import type { Body } from "../shared/packets.ts";
import { list } from "./settings.ts";
import { keepInTab, keptInTab } from "./tab.ts";

interface Tracked { name: string; data: Body }

const key = "uniqchat:tracked";
const most = 25; // the server takes 30 at once, and what happens just then wants its place
const baskets = ["cart_updated", "order_placed"];

export class Tracker {
  /** Tells it, if there is a connection; the chat brings a way. */
  send: (name: string, data: Body) => boolean = () => false;
  private seen: Tracked[] = [];
  private first = true;

  constructor() {
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && this.seen.length > 0) this.keep(this.kept()); });
  }

  /** Tells, or keeps for later. Names that the protocol does not have go as custom: in event, and in name if the data have none of their own. */
  track(name: string, data: Body): void {
    this.tell(name === "page_view" || baskets.includes(name) ? { name, data } : { name: "custom", data: { name, ...data, event: name } });
  }

  flush(): void {
    const kept = this.kept();
    this.keep([]);
    for (const e of kept) this.tell(e);
  }

  clear(): void {
    this.keep([]);
  }

  private tell(e: Tracked): void {
    if (this.send(e.name, e.data)) return;
    this.seen.push(e);
    if (e.name === "page_view" && this.first) this.first = false;
    else this.keep(this.kept());
  }

  /** The newest, and the last that was said of the cart. */
  private kept(): Tracked[] {
    const all = [...(list(keptInTab(key)) as Tracked[]), ...this.seen];
    const ofCart = all.filter((e) => baskets.includes(e.name)).pop();
    return all.filter((e, i) => e === ofCart || i >= all.length - most);
  }

  private keep(all: Tracked[]): void {
    this.seen = [];
    keepInTab(key, all.length === 0 ? null : all);
  }
}
