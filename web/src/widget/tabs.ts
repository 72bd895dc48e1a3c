// Tabs: the browser's tabs on one site share one connection. One of them leads: it holds a lock, and when its tab closes the
// next one in line gets it. Web Locks need a secure page; without them every tab leads for itself.

export class Tabs<M> {
  /** This tab has the connection. */
  leading = false;
  /** This tab is the only one that has: the others are its followers. */
  readonly alone: boolean;
  private readonly channel: BroadcastChannel | null;
  private release: (() => void) | null = null;
  private waiting: AbortController | null = null;

  constructor(private readonly name: string, heard: (message: M) => void) {
    let channel: BroadcastChannel | null = null;
    try {
      channel = new BroadcastChannel(name);
      channel.onmessage = (e) => heard(e.data as M);
    } catch {
      // There is none, or not for this page.
    }
    this.channel = channel;
    this.alone = channel !== null && navigator.locks !== undefined;
  }

  /**
   * Gets in line. lead is called when this tab's turn has come, at once if nobody leads; lost when another tab has taken its place.
   * steal: at once even if somebody leads, who gives no sign of life.
   */
  queue(lead: () => void, lost: () => void, steal = false): void {
    if (steal ? this.leading : this.waiting !== null) return;
    this.waiting?.abort();
    const waiting = (this.waiting = new AbortController());
    const { signal } = waiting;
    const go = () => {
      this.leading = true;
      lead();
    };
    if (!this.alone) {
      go();
      return;
    }
    void navigator.locks.request(this.name, steal ? { steal } : { signal }, () => new Promise<void>((done) => {
      if (signal.aborted) {
        done();
        return;
      }
      this.release = done;
      go();
    })).catch(() => {
      if (signal.aborted) return;
      if (this.leading) lost();
      else go(); // a page that may not lock
    });
  }

  /** Tells the other tabs. What no browser can copy, as a function among what a page says, they don't hear. */
  tell(message: M): void {
    try {
      this.channel?.postMessage(message);
    } catch (e) {
      console.error(e);
    }
  }

  /** Leaves the line, so that the next tab gets its turn at once. */
  leave(): void {
    this.leading = false;
    this.waiting?.abort();
    this.waiting = null;
    this.release?.();
    this.release = null;
  }
}
