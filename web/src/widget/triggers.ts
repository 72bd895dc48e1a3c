// Triggers: what makes the widget speak first: time on the page, the page's address, what is in the cart. All conditions that
// a trigger has must hold. Visitors who were drawn into the hold-out group never get it.

import { load, save } from "../shared/browser.ts";
import { pageOf } from "./pages.ts";
import { list } from "./settings.ts";
import { object, spoken } from "./site.ts";
import { keepInTab, keptInTab } from "./tab.ts";

interface Trigger {
  id: string;
  hold_out_percent?: number;
  conditions: { seconds_on_page?: number; url?: string[]; cart_value_min?: number };
  message: { zh?: string; en?: string };
}

const again = 24 * 3600_000; // one trigger speaks to a visitor once a day at most

/** An address without what follows ?. */
const short = (a: string) => a.replace(/\?[^#]*/g, "");

/** Whether an address is one of those wanted; * stands for anything, and what stands is compared without the last slash. */
export function matchesURL(patterns: readonly string[], href: string): boolean {
  const bare = pageOf(href).replace(/\/$/, "");
  const path = bare.replace(/^[a-z]+:\/\/[^/]*/i, "") || "/";
  return patterns.some((p) => {
    const wanted = new RegExp(`^${p.replace(/\/$/, "").replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*") || "/"}$`, "i");
    return [bare, path].some((a) => wanted.test(a) || wanted.test(short(a).replace(/\/$/, "") || "/"));
  });
}

/** Whether all conditions of a trigger hold. */
export function holds(c: Trigger["conditions"], seconds: number, href: string, cart: number): boolean {
  return seconds >= (c.seconds_on_page ?? 0) && (c.url === undefined || c.url.length === 0 || matchesURL(c.url, href)) && (!c.cart_value_min || cart >= c.cart_value_min);
}

/** Where the time on the page is counted; shops change what follows ? while somebody looks at one. */
const place = () => short(pageOf(location.href));

/** What is remembered of a trigger: when it fired, and what was drawn for this browser. */
interface Note { at?: number; held?: boolean }

export interface TriggerHandlers {
  /** A trigger speaks. */
  fire(id: string, text: string): void;
  /** It would have spoken, but the visitor is of those who never get it. */
  held(id: string): void;
  /** What the server has drawn for this visitor, if it knows it. */
  drawn(id: string): boolean | undefined;
  /** Whether there is a conversation to go on with. */
  busy(): boolean;
}

export class Triggers {
  private list: readonly Trigger[] = [];
  private since = Date.now();
  private page = place();
  /** The cart's value, on whatever page it was told; unknown before it is looked up. */
  private cart: number | undefined;
  private done = false;
  private timer = 0;

  constructor(private readonly site: string, private readonly on: TriggerHandlers, private readonly random: () => number = Math.random) {}

  /** In which language it speaks. */
  locale = "";

  /** Takes in what the server says of the site's triggers. */
  set(config: unknown): void {
    this.list = (list(config) as Trigger[]).filter((t) => typeof t?.id === "string" && typeof t.conditions === "object" && typeof t.message === "object");
    if (this.list.length > 0 && this.timer === 0) this.timer = window.setInterval(() => this.look(), 1000);
    this.look();
  }

  track(name: string, data: unknown): void {
    if (name === "cart_updated") this.keep(Number((data as { value?: unknown; total?: unknown } | null)?.value ?? (data as { total?: unknown } | null)?.total) || 0);
    if (name === "order_placed") this.keep(0);
    this.look();
  }

  /** The next visitor's cart is empty. */
  forget(): void {
    this.keep(0);
  }

  private get cartKey(): string { return `uniqchat:cart:${this.site}`; }

  private keep(cart: number): void {
    this.cart = cart;
    keepInTab(this.cartKey, cart || null);
  }

  private look(): void {
    if (this.done || document.visibilityState !== "visible") return;
    const page = place();
    if (page !== this.page) this.since = Date.now();
    this.page = page;
    for (const t of this.list) {
      if (!holds(t.conditions, (Date.now() - this.since) / 1000, location.href, (this.cart ??= Number(keptInTab(this.cartKey)) || 0)) || this.fired(t.id)) continue;
      this.done = this.on.busy(); // nor will it speak the moment that ends
      if (this.done) return;
      this.note(t.id, { at: Date.now() });
      if (this.heldOut(t)) {
        this.on.held(t.id);
        continue;
      }
      const text = spoken(t.message, this.locale);
      if (text === "") continue;
      this.done = true;
      window.clearInterval(this.timer);
      this.on.fire(t.id, text);
      return;
    }
  }

  /** What this browser has drawn once holds for ever in it; for who was a visitor before, the server has drawn. */
  private heldOut(t: Trigger): boolean {
    const kept = this.notes()[t.id]?.held ?? this.on.drawn(t.id);
    if (kept !== undefined || !t.hold_out_percent) return kept === true;
    const held = this.random() * 100 < t.hold_out_percent;
    this.note(t.id, { held });
    return held;
  }

  private get key(): string { return `uniqchat:triggers:${this.site}`; }

  private notes(): Record<string, Note> {
    return object(load(this.key)) as Record<string, Note>;
  }

  private fired(id: string): boolean {
    return Date.now() - (this.notes()[id]?.at ?? 0) < again;
  }

  private note(id: string, note: Note): void {
    const all = this.notes();
    save(this.key, { ...all, [id]: { ...all[id], ...note } });
  }
}
