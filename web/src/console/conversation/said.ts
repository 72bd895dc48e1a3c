// What messages say, in a line.

import type { Body, Kind } from "../../shared/packets.ts";
import { say, type Texts } from "../i18n/index.ts";
import { str } from "../../widget/text.ts";
import { levelOf } from "./priority.ts";

/** A message's body, which somebody else wrote: an object, whatever came. */
export function bodyOf(m: { body: unknown }): Body {
  return typeof m.body === "object" && m.body !== null && !Array.isArray(m.body) ? (m.body as Body) : {};
}

/** A message in a line of plain text. */
export function said(kind: Kind, body: Body, t: Texts): string {
  const text = str(body["text"]), name = str(body["name"]), title = str(body["title"]);
  switch (kind) {
    case "image": return say(t.conversation.saidImage, { name: name || text });
    case "file": return say(t.conversation.saidFile, { name: name || text });
    case "card": return title || text || t.conversation.card;
    case "form": return title || text || t.conversation.form;
    default: return text || title || name || t.conversation.unsupported;
  }
}

/** Who did something, as far as people know him: names are looked up by id. */
export interface Who { name: (id: string) => string; visitor: string }

/** A change of the conversation, as a sentence. */
export function changeText(body: Body, t: Texts, who: Who): string {
  const c = t.conversation.changes;
  const id = str(body["by"]);
  const role = str(body["by_role"]);
  const by = role === "visitor" ? who.visitor : role === "bot" ? t.conversation.bot : id === "" ? t.conversation.system : (who.name(id) || t.conversation.agent);
  const to = str(body["assignee_name"]) || who.name(str(body["assignee_id"])) || t.conversation.agent;
  const values = { by, to };
  switch (str(body["event"])) {
    case "conversation.created": return say(c.created, values);
    case "conversation.queued": return say(id === "" ? c.queued : c.queuedBy, values);
    case "conversation.assigned": return say(id === "" ? c.assigned : id === str(body["assignee_id"]) ? c.accepted : c.assignedBy, values);
    case "conversation.transferred": return say(str(body["assignee_id"]) === "" ? c.transferredTeam : c.transferred, values);
    case "conversation.closed": return say(id === "" ? c.closed : c.closedBy, values);
    case "conversation.reopened": return say(id === "" ? c.reopened : c.reopenedBy, values);
    case "conversation.rated": return say(c.rated, { stars: stars(Number(body["rating"])) });
    case "conversation.handoff": return say(body["to"] === "bot" ? c.toBot : c.toHuman, values);
    case "conversation.labels_updated": {
      const labels = Array.isArray(body["labels"]) ? body["labels"].map(str).filter((l) => l !== "") : [];
      return say(labels.length === 0 ? c.noLabels : c.labels, { by, labels: labels.join(", ") });
    }
    case "conversation.updated": return typeof body["priority"] === "number" ? say(c.priority, { by, n: t.conversation.priorities[levelOf(body["priority"])] }) : say(c.context, values);
    case "conversation.snoozed": return say(c.snoozed, values);
    case "conversation.woken": return c.woken;
    case "offline_message.created": return c.offline;
    case "conversation.abandoned": return c.abandoned;
    case "conversation.sla_breached": return c.late;
    default: return c.other;
  }
}

function stars(n: number): string {
  const full = Math.min(5, Math.max(0, Math.round(n) || 0));
  return "★".repeat(full) + "☆".repeat(5 - full);
}
