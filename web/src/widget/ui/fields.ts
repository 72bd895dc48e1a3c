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
export type Fault = "required" | "badEmail";

/** What is wrong with the values of fields, by name. */
export function faults(fields: readonly Field[], values: Readonly<Record<string, string>>): Record<string, Fault> {
  const out: Record<string, Fault> = {};
  for (const f of fields) {
    const v = (values[f.name] ?? "").trim();
    if (f.required && v === "") out[f.name] = "required";
    else if (f.type === "email" && v !== "" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(v)) out[f.name] = "badEmail";
  }
  return out;
}
