// Who is logged in, over all tabs: kept in the browser's storage, watched for what other tabs do.

import { load, localStore, save } from "../../shared/browser.ts";
import { uuidv4 } from "../../shared/uuid.ts";
import type { LoginTokens } from "./schema.ts";

/** until: when the access token ends, by this machine's clock. attempt: of the refresh that is under way, or whose answer was lost. */
export interface Tokens extends LoginTokens { until: number; attempt?: string }

const key = "uniqchat:console:tokens";
const listeners = new Set<() => void>();

let text: string | null | undefined;
let kept: Tokens | null = null;

/** The tokens as they are now, of this tab or another. The same object for as long as nothing changed. */
export function tokens(): Tokens | null {
  const now = localStore?.getItem(key) ?? null;
  if (localStore !== null && now !== text) {
    text = now;
    const t = load(key) as Partial<Tokens> | null;
    kept = typeof t?.access_token === "string" && typeof t.refresh_token === "string" && typeof t.agent?.id === "string" ? (t as Tokens) : null;
  }
  return kept;
}

export function keepTokens(t: null): null;
export function keepTokens(t: LoginTokens): Tokens;
export function keepTokens(t: LoginTokens | null): Tokens | null {
  const whole = t === null ? null : { ...t, until: Date.now() + t.expires_in * 1000 };
  kept = whole;
  save(key, whole);
  text = localStore?.getItem(key) ?? null;
  for (const f of listeners) f();
  return whole;
}

/** What the exchange of t for the next tokens is known by: the same for every tab and page load until they are there. */
export function attemptOf(t: Tokens): string {
  if (t.attempt === undefined) {
    t.attempt = uuidv4();
    save(key, t);
    text = localStore?.getItem(key) ?? null;
  }
  return t.attempt;
}

/** Calls f when somebody logs in or out, here or in another tab. */
export function watchTokens(f: () => void): () => void {
  const heard = (e: StorageEvent) => {
    if (e.storageArea === localStore && (e.key === key || e.key === null)) f();
  };
  listeners.add(f);
  window.addEventListener("storage", heard);
  return () => {
    listeners.delete(f);
    window.removeEventListener("storage", heard);
  };
}
