// What cards say, read with care: their bodies were written by others.

import type { Body } from "../../shared/packets.ts";
import { safeLink, str } from "../text.ts";

export interface Action { label: string; type: string; value: string; href: string }

/** The actions of a body that can be shown: links to http(s) only, and postbacks. */
export function actionsOf(body: Body): Action[] {
  const list = Array.isArray(body["actions"]) ? body["actions"] : Array.isArray(body["quick_replies"]) ? body["quick_replies"] : [];
  const out: Action[] = [];
  for (const raw of list.slice(0, 12) as Record<string, unknown>[]) {
    const label = str(raw?.["label"]) || str(raw?.["value"]);
    const type = raw?.["type"] === "link" ? "link" : "postback";
    const href = type === "link" ? safeLink(raw?.["value"]) : "";
    if (label !== "" && (type === "postback" || href !== "")) out.push({ label, type, value: str(raw["value"]) || label, href });
  }
  return out;
}

/** Whether a body is nothing but a text with answers to choose from. */
export function isQuickReplies(body: Body): boolean {
  const bare = str(body["title"]) === "" && str(body["image"]) === "" && str(body["url"]) === "" && str(body["price"]) === "";
  const actions = actionsOf(body);
  return bare && actions.length > 0 && actions.every((a) => a.type === "postback");
}
