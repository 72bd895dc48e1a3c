// Tabs: the browser's tabs on one site share one connection. One of them leads: it holds a lock, and when its tab closes the
// next one in line gets it. Web Locks need a secure page; without them every tab leads for itself.

export class Tabs<M> {
  /** This tab has the connection. */
  leading = false;
  /** This tab is the only one that has: the others are its followers. */
  readonly alone: boolean;
  private readonly channel: BroadcastChannel | null;
  private release: (() => void) | null = null;
  private asked = false;

  constructor(private readonly name: string, heard: (message: M) => void) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
    if (this.channel !== null) this.channel.onmessage = (e) => heard(e.data as M);
    this.alone = this.channel !== null && navigator.locks !== undefined;
  }

  /** Gets in line. lead is called when this tab's turn has come, at once if nobody leads. */
  queue(lead: () => void): void {
    if (this.asked) return;
    this.asked = true;
    const go = () => {
      this.leading = true;
      lead();
    };
    if (!this.alone) {
      go();
      return;
    }
    void navigator.locks.request(this.name, () => new Promise<void>((done) => {
      this.release = done;
      go();
    })).catch(() => go()); // a page that may not lock
  }

  /** Tells the other tabs. */
  tell(message: M): void {
    this.channel?.postMessage(message);
  }

  close(): void {
    this.leading = false;
    this.release?.();
    this.channel?.close();
  }
}
