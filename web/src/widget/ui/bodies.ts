// What cards and forms say, read with care: their bodies were written by others.

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

export interface Field { name: string; label: string; type: string; options: { value: string; label: string }[]; required: boolean }

export function fieldsOf(body: Body): Field[] {
  const out: Field[] = [];
  for (const raw of (Array.isArray(body["fields"]) ? body["fields"] : []).slice(0, 30) as Record<string, unknown>[]) {
    const name = str(raw?.["name"]);
    if (name === "") continue;
    const options = (Array.isArray(raw["options"]) ? raw["options"] : []).map((o: unknown) => {
      const pair = typeof o === "object" && o !== null ? (o as Record<string, unknown>) : { value: o };
      const value = str(pair["value"]) || str(pair["label"]);
      return { value, label: str(pair["label"]) || value };
    }).filter((o) => o.value !== "");
    out.push({ name, label: str(raw["label"]) || name, type: str(raw["type"]) || "text", options, required: raw["required"] === true });
  }
  return out;
}

/** What is wrong with the values of fields, by name. */
export function faults(fields: readonly Field[], values: Readonly<Record<string, string>>, t: { required: string; badEmail: string }): Record<string, string> {
  const out: Record<string, string> = {};
  for (const f of fields) {
    const v = (values[f.name] ?? "").trim();
    if (f.required && v === "") out[f.name] = t.required;
    else if (f.type === "email" && v !== "" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(v)) out[f.name] = t.badEmail;
  }
  return out;
}
