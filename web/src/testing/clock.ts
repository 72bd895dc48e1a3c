// Time that a test owns.

import type { Clock } from "../shared/clock.ts";

export class TestClock implements Clock {
  private time: number;
  private order = 0;
  private readonly timers: { at: number; order: number; f: () => void }[] = [];

  constructor(start = 1_800_000_000_000) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, f: () => void): () => void {
    const timer = { at: this.time + ms, order: this.order++, f };
    this.timers.push(timer);
    return () => {
      const i = this.timers.indexOf(timer);
      if (i >= 0) this.timers.splice(i, 1);
    };
  }

  /** Lets ms pass: timers fire in their order, and promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      let first = -1;
      for (let i = 0; i < this.timers.length; i++) {
        const t = this.timers[i]!;
        const best = this.timers[first];
        if (t.at <= end && (best === undefined || t.at < best.at || (t.at === best.at && t.order < best.order))) first = i;
      }
      if (first < 0) break;
      const [timer] = this.timers.splice(first, 1);
      this.time = Math.max(this.time, timer!.at);
      timer!.f();
      await settle();
    }
    this.time = end;
  }
}

/** Lets everything that waits for settled promises run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.resolve();
}

/** A small seeded generator (mulberry32), so that a failing run can be repeated. Uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Web Storage in memory. Listeners stand for the storage events of the tabs that share it. */
export class TestStorage {
  readonly listeners = new Set<() => void>();
  private readonly map = new Map<string, string>();

  get length(): number {
    return this.map.size;
  }

  key(i: number): string | null {
    return [...this.map.keys()][i] ?? null;
  }

  getItem(k: string): string | null {
    return this.map.get(k) ?? null;
  }

  setItem(k: string, v: string): void {
    if (this.map.get(k) === v) return;
    this.map.set(k, v);
    this.tell();
  }

  removeItem(k: string): void {
    if (this.map.delete(k)) this.tell();
  }

  private tell(): void {
    for (const f of this.listeners) f();
  }
}
