// How a page wants its widget: from the script tag's data- attributes, or from uniqchat('boot', {…}).

import { safeImage } from "./text.ts";

export interface Theme {
  theme: "auto" | "light" | "dark";
  position: "right" | "left";
  /** Said at the top of the panel. */
  title: string;
  greeting: string;
  /** A picture for the head of the panel. */
  logo: string;
  /** Questions to begin with. */
  starters: readonly string[];
  hideLauncher: boolean;
  sound: boolean;
}

export interface Settings extends Theme {
  siteKey: string;
  base: string;
  locale: string;
  /** Ask the server for the site's triggers without waiting for the visitor: one request, no socket. */
  triggers: boolean;
}

const text = (v: unknown, most = 200) => (typeof v === "string" ? v.slice(0, most) : "");
const flag = (v: unknown, otherwise: boolean) => (v === undefined || v === null ? otherwise : v !== false && v !== "false" && v !== "off" && v !== "0");
const choice = <T extends string>(v: unknown, among: readonly T[]): T => (among.includes(v as T) ? (v as T) : among[0]!);

/** Reads settings that a page wrote: whatever is not as it should be is left out. */
export function readSettings(raw: Readonly<Record<string, unknown>>, base: string, pageLocale: string): Settings {
  return {
    siteKey: text(raw["siteKey"]), base: origin(raw["base"]) || base, locale: text(raw["locale"], 35) || pageLocale,
    theme: choice(raw["theme"], ["auto", "light", "dark"]), position: choice(raw["position"], ["right", "left"]),
    title: text(raw["title"], 60), greeting: text(raw["greeting"], 300), logo: safeImage(raw["logo"]), starters: starters(raw["starters"]),
    hideLauncher: flag(raw["hideLauncher"], false), sound: flag(raw["sound"], true), triggers: flag(raw["triggers"], false),
  };
}

function origin(v: unknown): string {
  try {
    const u = new URL(String(v));
    return u.protocol === "https:" || u.protocol === "http:" ? u.origin : "";
  } catch {
    return "";
  }
}

/** A list, or lines in a data- attribute with | between them. */
function starters(v: unknown): readonly string[] {
  const list = typeof v === "string" ? v.split("|") : Array.isArray(v) ? v : [];
  return list.map((s) => text(s, 120).trim()).filter((s) => s !== "").slice(0, 4);
}

const rightToLeft = /^(ar|fa|he|iw|ur|ps|sd|ug|yi|dv|ckb)\b/i;

/** The direction in which a language is written. */
export function direction(locale: string): "rtl" | "ltr" {
  return rightToLeft.test(locale) ? "rtl" : "ltr";
}
