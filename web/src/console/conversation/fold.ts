// fold turns a conversation's log and outbox into what is shown: days, runs of one sender, edits and recalls made.

import type { OutboxEntry } from "../../shared/outbox.ts";
import type { Body, Message } from "../../shared/packets.ts";
import type { UUID } from "../../shared/uuid.ts";

export type Item =
  | { type: "day"; key: string; time: number }
  | { type: "change"; key: string; message: Message }
  | { type: "message"; key: string; message: Message; /** What it shows now; null if it was taken back. */ body: Body | null; edited: boolean; first: boolean }
  | { type: "pending"; key: string; entry: OutboxEntry; first: boolean };

const runWithin = 5 * 60_000;

/** Events that have no line of their own. */
const quiet = new Set(["message.updated", "message.recalled"]);

/** What messages show now, by mid: a body, or null if they were taken back. */
export function revisions(messages: readonly Message[]): ReadonlyMap<UUID, Body | null> {
  const out = new Map<UUID, Body | null>();
  for (const m of messages) {
    if (m.kind !== "system") continue;
    const mid = String(m.body["mid"]);
    if (m.body["event"] === "message.recalled") out.set(mid, null);
    else if (m.body["event"] === "message.updated" && out.get(mid) !== null && typeof m.body["body"] === "object" && m.body["body"] !== null) out.set(mid, m.body["body"] as Body);
  }
  return out;
}

/** The items, oldest first. last is the end of the log's chain: what was accepted up to it is in the log. */
export function fold(messages: readonly Message[], outbox: readonly OutboxEntry[], last: number): Item[] {
  const revised = revisions(messages);
  const out: Item[] = [];
  let day = "";
  let run: { sender: string; internal: boolean; time: number } | null = null;
  const begins = (sender: string, internal: boolean, time: number): boolean => {
    const first = run === null || run.sender !== sender || run.internal !== internal || time - run.time > runWithin;
    run = { sender, internal, time };
    return first;
  };
  const dated = (time: number, key: string) => {
    const today = new Date(time).toDateString();
    if (today === day) return;
    day = today;
    run = null;
    out.push({ type: "day", key: `day:${key}`, time });
  };
  for (const m of messages) {
    if (m.kind === "system" && quiet.has(String(m.body["event"]))) continue;
    dated(m.time, m.mid);
    if (m.kind === "system") {
      run = null;
      out.push({ type: "change", key: m.mid, message: m });
      continue;
    }
    const body = revised.has(m.mid) ? revised.get(m.mid)! : m.body;
    out.push({ type: "message", key: m.cmid || m.mid, message: m, body, edited: body !== null && body !== m.body, first: begins(m.sender, m.visibility === "internal", m.time) });
  }
  const known = new Set(messages.map((m) => m.cmid));
  for (const entry of outbox) {
    if (known.has(entry.cmid) || (entry.state === "accepted" && entry.seq <= last)) continue;
    dated(entry.time, entry.cmid);
    out.push({ type: "pending", key: entry.cmid, entry, first: begins("me", entry.visibility === "internal", entry.time) });
  }
  return out;
}
