// Boxes: the outboxes that this browser has kept on a site, and of whom. Who logs in is another visitor to the server than before,
// and who logs out is somebody else's predecessor: what was written moves along in the first case, and is removed in the other.

import { load, save } from "../shared/browser.ts";
import { Outbox, type EntryStorage } from "../shared/outbox.ts";
import { uuidv7 } from "../shared/uuid.ts";
import type { Session } from "./session.ts";

type Known = [scope: string, era: number];

const most = 20;

/** The visitor's outbox. */
export function box(session: Session, entries: EntryStorage): Outbox {
  const { scope, era } = session;
  const all = known(session);
  if (!all.some((k) => k[0] === scope && k[1] === era)) save(keyOf(session), [...all, [scope, era]].slice(-most));
  return new Outbox(scope, entries);
}

/**
 * Makes the visitor's own what was written as nobody yet, or as whom the server knew the visitor before. What may have arrived there is
 * not sent here by itself: the visitor decides. `from`: one more scope of the visitor's.
 */
export function adopt(session: Session, entries: EntryStorage, from = session.early): void {
  const to = new Outbox(session.scope, entries);
  for (const scope of [session.early, from, ...others(session, true)]) {
    if (scope === session.scope) continue;
    const old = new Outbox(scope, entries);
    for (const e of old.all()) {
      if (e.state === "accepted") continue; // the server has it
      session.conv ||= uuidv7();
      to.take({ ...e, conv: session.conv, state: e.tried ? "failed" : e.state, tried: false });
      old.remove(e.cmid);
    }
  }
}

/** Whether something may be left of visitors who were forgotten. */
export function left(session: Session): boolean {
  return others(session, false).length > 0;
}

/** Removes what is left of visitors who were forgotten. whole: entries has all there is of them, so that they need not be known any more. */
export function clean(session: Session, entries: EntryStorage, whole: boolean): void {
  for (const scope of others(session, false)) {
    const old = new Outbox(scope, entries);
    for (const e of old.all()) old.remove(e.cmid);
  }
  if (whole) save(keyOf(session), known(session).filter((k) => k[1] === session.era));
}

const keyOf = (session: Session) => `${session.key}:boxes`;

function known(session: Session): Known[] {
  return (load(keyOf(session)) ?? []) as Known[];
}

/** The scopes other than the visitor's: those of this era, or those of earlier ones. */
function others(session: Session, now: boolean): string[] {
  const { scope, early, era } = session;
  return known(session).filter(([s, e]) => (e === era) === now && s !== scope && s !== early).map(([s]) => s);
}
