// Triggers: what makes the widget speak first: time on the page, the page's address, what is in the cart. All conditions that
// a trigger has must hold. Visitors who were drawn into the hold-out group never get it.

interface Trigger {
  id: string;
  held_out: boolean;
  conditions: { seconds_on_page?: number; url?: string[]; cart_value_min?: number };
  message: { zh?: string; en?: string };
}

const again = 24 * 3600_000; // one trigger speaks to a visitor once a day at most

/** Whether an address is one of those wanted; * stands for anything, and what stands is compared without the last slash. */
export function matchesURL(patterns: readonly string[], href: string): boolean {
  const bare = href.split("#")[0]!.replace(/\/$/, "");
  const path = bare.replace(/^[a-z]+:\/\/[^/]*/i, "") || "/";
  return patterns.some((p) => {
    const wanted = new RegExp(`^${p.replace(/\/$/, "").replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*") || "/"}$`, "i");
    return wanted.test(bare) || wanted.test(path) || wanted.test(bare.split("?")[0]!) || wanted.test(path.split("?")[0]!);
  });
}

/** Whether all conditions of a trigger hold. */
export function holds(c: Trigger["conditions"], seconds: number, href: string, cart: number): boolean {
  return seconds >= (c.seconds_on_page ?? 0) && (c.url === undefined || c.url.length === 0 || matchesURL(c.url, href)) && (!c.cart_value_min || cart >= c.cart_value_min);
}

export class Triggers {
  private list: readonly Trigger[] = [];
  private readonly since = Date.now();
  private cart = 0;
  private done = false;
  private timer = 0;

  constructor(private readonly site: string, private readonly locale: string, private readonly fire: (id: string, text: string) => void) {}

  /** Takes in what the server says of the site's triggers. */
  set(config: unknown): void {
    this.list = (Array.isArray(config) ? (config as Trigger[]) : []).filter((t) => typeof t?.id === "string" && !t.held_out && typeof t.conditions === "object" && typeof t.message === "object");
    if (this.list.length > 0 && this.timer === 0) this.timer = window.setInterval(() => this.look(), 1000);
    this.look();
  }

  track(name: string, data: unknown): void {
    if (name === "cart_updated") this.cart = Number((data as { value?: unknown; total?: unknown } | null)?.value ?? (data as { total?: unknown } | null)?.total) || 0;
    if (name === "order_placed") this.cart = 0;
    this.look();
  }

  private look(): void {
    if (this.done) return;
    const found = this.list.find((t) => holds(t.conditions, (Date.now() - this.since) / 1000, location.href, this.cart) && !this.fired(t.id));
    if (found === undefined || document.visibilityState !== "visible") return;
    const zh = this.locale.toLowerCase().startsWith("zh");
    const text = (zh ? found.message.zh || found.message.en : found.message.en || found.message.zh) ?? "";
    this.done = true;
    window.clearInterval(this.timer);
    this.note(found.id);
    if (text !== "") this.fire(found.id, text);
  }

  private get key(): string { return `uniqchat:triggers:${this.site}`; }

  private notes(): Record<string, number> {
    try {
      return (JSON.parse(localStorage.getItem(this.key) ?? "{}") ?? {}) as Record<string, number>;
    } catch {
      return {};
    }
  }

  private fired(id: string): boolean {
    return Date.now() - (this.notes()[id] ?? 0) < again;
  }

  private note(id: string): void {
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...this.notes(), [id]: Date.now() }));
    } catch {
      // It may speak again on the next page.
    }
  }
}
