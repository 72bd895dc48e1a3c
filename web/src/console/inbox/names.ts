// What people are called.

import type { Conversation } from "../api/schema.ts";
import { say, type Texts } from "../i18n/index.ts";

/** A visitor's name, or a short one made of the id. */
export function visitorName(c: Pick<Conversation, "visitor_name" | "visitor_id">, t: Texts): string {
  return c.visitor_name !== "" ? c.visitor_name : say(t.inbox.visitor, { id: c.visitor_id.slice(-4) });
}
