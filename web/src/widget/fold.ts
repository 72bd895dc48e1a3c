// fold turns a conversation's log into what is shown: days, edits and recalls made, runs of one sender, what has ended.

import type { Body, Message } from "../shared/packets.ts";
import type { UUID } from "../shared/uuid.ts";

export interface Shown {
  message: Message;
  /** What it shows now; null if it was taken back. */
  body: Body | null;
  edited: boolean;
  /** It begins, or ends, a run of the same sender's. */
  first: boolean;
  last: boolean;
}

export type Item =
  | { type: "day"; key: string; time: number }
  | { type: "change"; key: string; message: Message }
  | ({ type: "message"; key: string } & Shown);

export interface Folded {
  items: readonly Item[];
  closed: boolean;
  /** Rated since it was closed; the number of stars, else 0. */
  rated: number;
  /** It is the bot's to answer, as far as the visitor was told. */
  withBot: boolean;
  /** Who was last said to take care of it. */
  agent: string;
  /** The last message of all that is one, to hang quick replies on. */
  newest: UUID;
}

const runWithin = 5 * 60_000;

/** Events that a visitor has no use for a line about. */
const quiet = new Set(["message.updated", "message.recalled", "conversation.created"]);

export function fold(messages: readonly Message[]): Folded {
  const revised = new Map<UUID, Body | null>();
  let closed = false;
  let rated = 0;
  let agent = "";
  let withBot = false;
  for (const m of messages) {
    const b = m.body;
    if (m.kind !== "system") {
      if (m.role === "bot") withBot = true;
      else if (m.role === "agent") withBot = false;
      continue;
    }
    switch (b["event"]) {
      case "message.updated":
        if (revised.get(String(b["mid"])) !== null && typeof b["body"] === "object") revised.set(String(b["mid"]), b["body"] as Body);
        break;
      case "message.recalled": revised.set(String(b["mid"]), null); break;
      case "conversation.closed": closed = true; rated = 0; break;
      case "conversation.reopened": closed = false; rated = 0; break;
      case "conversation.rated": rated = Number(b["rating"]) || 0; break;
      case "conversation.handoff": withBot = b["to"] === "bot"; break;
      case "conversation.assigned":
      case "conversation.transferred":
        agent = typeof b["assignee_name"] === "string" ? b["assignee_name"] : "";
        withBot = false;
        break;
    }
  }
  return { ...list(messages, revised), closed, rated, withBot, agent };
}

function list(messages: readonly Message[], revised: ReadonlyMap<UUID, Body | null>): { items: Item[]; newest: UUID } {
  const items: Item[] = [];
  let day = "";
  let newest = "";
  let before: (Item & { type: "message" }) | null = null;
  for (const m of messages) {
    if (m.kind === "system" && quiet.has(String(m.body["event"]))) continue;
    const today = new Date(m.time).toDateString();
    if (today !== day) {
      day = today;
      before = null;
      items.push({ type: "day", key: `day:${today}:${m.mid}`, time: m.time });
    }
    if (m.kind === "system") {
      before = null;
      items.push({ type: "change", key: m.mid, message: m });
      continue;
    }
    const goesOn: boolean = before !== null && before.message.sender === m.sender && before.message.role === m.role && m.time - before.message.time < runWithin;
    if (goesOn) before!.last = false;
    const body = revised.has(m.mid) ? revised.get(m.mid)! : m.body;
    before = { type: "message", key: m.cmid || m.mid, message: m, body, edited: body !== null && body !== m.body, first: !goesOn, last: true };
    newest = m.mid;
    items.push(before);
  }
  return { items, newest };
}
