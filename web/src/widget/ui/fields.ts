// What forms ask, read with care: their bodies were written by others.

import type { Body } from "../../shared/packets.ts";
import { str } from "../text.ts";

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

/** What can be wrong with a value, by the name of the words for it: they are looked up when they are shown, in the language of that moment. */
export type Fault = "required" | "badEmail" | "tooLong";

/** What is wrong with the values of fields, by name. */
export function faults(fields: readonly Field[], values: Readonly<Record<string, string>>): Record<string, Fault> {
  const out: Record<string, Fault> = {};
  for (const f of fields) {
    const v = (values[f.name] ?? "").trim();
    if (f.required && v === "") out[f.name] = "required";
    else if (v.length > (f.type === "textarea" ? 4000 : 1000)) out[f.name] = "tooLong";
    else if (f.type === "email" && v !== "" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(v)) out[f.name] = "badEmail";
  }
  return out;
}

const bytes = (s: string) => new TextEncoder().encode(s).length;
const most: Readonly<Record<string, number>> = { name: 200, email: 320 };
const mostAttributes = 4096;

/** What of a visitor's answers is more than the server takes: of name and e-mail so many bytes each, of all others so many together with the attributes there are. */
export function tooLong(values: Readonly<Record<string, string>>, attributes: object): Record<string, Fault> {
  const out: Record<string, Fault> = {};
  const others: Record<string, string> = {};
  for (const [name, v] of Object.entries(values)) {
    if (!(name in most)) others[name] = v;
    else if (bytes(v.trim()) > most[name]!) out[name] = "tooLong";
  }
  const [longest] = Object.keys(others).sort((a, b) => bytes(others[b]!) - bytes(others[a]!));
  if (longest !== undefined && bytes(JSON.stringify({ ...attributes, ...others })) > mostAttributes) out[longest] = "tooLong";
  return out;
}
