// The browser's parts that the pages share: storage that may be forbidden, a lock over tabs, and network events.

import type { ProtocolClient } from "./client.ts";

/** localStorage, or null where the browser forbids it (privacy settings, sandboxed frames). */
export const localStore: Storage | null = (() => {
  try {
    return window.localStorage; // whether it takes what is written shows when something is: to try costs every page
  } catch {
    return null;
  }
})();

/** Reads a JSON value that `save` wrote. The caller checks its shape. */
export function load(key: string): unknown {
  try {
    return JSON.parse(localStore?.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** Keeps a JSON value; null removes it. False: there is no room, and the value lives as long as the page. */
export function save(key: string, value: unknown): boolean {
  try {
    if (value === null) localStore?.removeItem(key);
    else localStore?.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

const leaseMs = 15_000;
const pollMs = 60;

/**
 * Runs f while no other tab runs under the same name. Web Locks need a secure page; elsewhere a lease in localStorage does
 * the same well enough: it expires, so a tab that dies in between blocks nobody for long. Once the signal among the options is
 * given f runs all the same: whoever has the lock may be frozen.
 */
export async function withLock<T>(name: string, f: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  if (navigator.locks !== undefined) {
    let result: Promise<T> | undefined;
    await navigator.locks.request(name, options, () => (result = f())).catch(() => {}); // a page that may not lock does it all the same
    return result ?? f();
  }
  const key = `uniqchat:lock:${name}`;
  const me = String(Math.random());
  for (;;) {
    const held = load(key) as { by?: string; until?: number } | null;
    if (held?.by === me) break;
    if (held === null || !(Number(held.until) > Date.now())) {
      save(key, { by: me, until: Date.now() + leaseMs });
      if (load(key) === null) break; // storage that keeps nothing holds nobody back
    }
    await new Promise((done) => setTimeout(done, pollMs));
  }
  try {
    return await f();
  } finally {
    save(key, null);
  }
}

/** Tells a client of what the browser notices: the network is back, the page is looked at again, another tab wrote. */
export function watchBrowser(client: ProtocolClient): void {
  const hurry = () => client.hurry();
  window.addEventListener("online", hurry);
  window.addEventListener("offline", hurry);
  window.addEventListener("pageshow", (e) => {
    if (e.persisted) hurry();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hurry();
  });
  window.addEventListener("storage", (e) => {
    if (e.storageArea === localStore && client.outbox.owns(e.key)) client.outboxChanged();
  });
}
