// What is to be read again when something changed.

import type { Path } from "../api/query.ts";

/**
 * Calls f at once, and for what comes within a pause once more at its end. While things go on coming the pauses become longer, from ms
 * to most, none quite like another console's; a tab that nobody sees waits longer still.
 */
export class Throttle {
  private timer = 0;
  private again = false;
  private pause = 0;

  constructor(private readonly ms: number, private readonly most: number, private readonly f: () => void) {}

  touch(): void {
    if (this.timer !== 0) {
      this.again = true;
      return;
    }
    this.f();
    this.pause = Math.min(Math.max(this.ms, this.pause * 2), this.most);
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (!this.again) {
        this.pause = 0;
        return;
      }
      this.again = false;
      this.touch();
    }, this.pause * (.8 + .4 * Math.random()) * (document.visibilityState === "hidden" ? 3 : 1));
  }

  clear(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.again = false;
    this.pause = 0;
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
