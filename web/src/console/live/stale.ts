// What is to be read again when something changed.

import type { Path } from "../api/query.ts";

/** Calls f at once, and for what comes within ms after that once more at its end. */
export class Throttle {
  private timer = 0;
  private again = false;

  constructor(private readonly ms: number, private readonly f: () => void) {}

  touch(): void {
    if (this.timer !== 0) {
      this.again = true;
      return;
    }
    this.f();
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (!this.again) return;
      this.again = false;
      this.touch();
    }, this.ms);
  }

  clear(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.again = false;
  }
}

/** Calls f at a moment of its own within ms: what all consoles hear at once, they do not all ask for at once. */
export class Sometime {
  private timer = 0;

  constructor(private readonly ms: number, private readonly f: () => void) {}

  touch(): void {
    this.clear();
    this.timer = window.setTimeout(this.f, Math.random() * this.ms);
  }

  clear(): void {
    window.clearTimeout(this.timer);
  }
}

const every: readonly Path[] = ["/labels", "/canned-responses", "/business-hours", "/triggers", "/blocklist", "/routing", "/site-keys", "/teams", "/agents", "/sla", "/mail-settings", "/bot"];

/** The lists that a settings.changed EVENT makes stale: the one it names, or all. */
export function settingsPaths(kind: string): readonly Path[] {
  const named = every.filter((p) => p.slice(1) === kind.replaceAll("_", "-"));
  return named.length > 0 ? named : every;
}
