// Time as the protocol client sees it, so that tests can own it.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls f once after ms. The returned function cancels it. */
  after(ms: number, f: () => void): () => void;
}

/** The browser's clock. */
export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, f) {
    const id = setTimeout(f, ms);
    return () => clearTimeout(id);
  },
};

/** A timer that holds at most one appointment: setting it again replaces the earlier one. */
export class Alarm {
  private readonly clock: Clock;
  private cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  set(ms: number, f: () => void): void {
    this.clear();
    this.cancel = this.clock.after(Math.max(0, ms), () => {
      this.cancel = null;
      f();
    });
  }

  clear(): void {
    this.cancel?.();
    this.cancel = null;
  }

  get pending(): boolean {
    return this.cancel !== null;
  }
}
