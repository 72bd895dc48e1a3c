// How a widget is wanted: by the page, from the script tag's data- attributes or uniqchat('boot', {…}), and by the console.

import { safeImage } from "./text.ts";

export interface Theme {
  theme: "auto" | "light" | "dark";
  position: "right" | "left";
  /** Said at the top of the panel. */
  title: string;
  greeting: string;
  /** Words on the button; "" for a round one. */
  launcher: string;
  /** A picture for the head of the panel. */
  logo: string;
  /** A picture of who answers, shown while somebody is there. */
  avatar: string;
  /** Questions to begin with. */
  starters: readonly string[];
  /** As #rrggbb, or "". */
  color: string;
  colorTo: string;
  colorOn: string;
  hideLauncher: boolean;
  sound: boolean;
  /** What is asked before the first message, as the fields of a form. */
  preChat: readonly unknown[];
  preChatText: string;
  /** When a form stands in place of the chat. */
  offlineForm: "closed" | "away" | "never";
  offlineText: string;
}

export interface Settings extends Theme {
  siteKey: string;
  base: string;
  locale: string;
  triggers: boolean;
  pageViews: boolean;
}

/** A list, whatever it was. */
export const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const text = (v: unknown, most = 200) => (typeof v === "string" ? v.slice(0, most) : "");
const flag = (v: unknown, otherwise: boolean) => !/^(false|off|0)$/.test(String(v ?? otherwise));
const choice = <T extends string>(v: unknown, among: readonly T[]): T => (among.includes(v as T) ? (v as T) : among[0]!);
const color = (v: unknown) => (typeof v === "string" && /^#[0-9a-f]{6}$/i.test(v) ? v : "");

/** Reads settings that somebody wrote: whatever is not as it should be is left out. */
export function readSettings(raw: Readonly<Record<string, unknown>>, base: string, pageLocale: string): Settings {
  return {
    siteKey: text(raw["siteKey"]), base: origin(raw["base"]) || base, locale: text(raw["locale"], 35) || pageLocale,
    theme: choice(raw["theme"], ["auto", "light", "dark"]), position: choice(raw["position"], ["right", "left"]),
    title: text(raw["title"], 60), greeting: text(raw["greeting"], 500), launcher: text(raw["launcher"], 40), logo: safeImage(raw["logo"]), avatar: safeImage(raw["avatar"]), starters: starters(raw["starters"]),
    color: color(raw["color"]), colorTo: color(raw["colorTo"]), colorOn: color(raw["colorOn"]),
    hideLauncher: flag(raw["hideLauncher"], false), sound: flag(raw["sound"], true), triggers: flag(raw["triggers"], true), pageViews: flag(raw["pageViews"], true),
    preChat: list(raw["preChat"]), preChatText: text(raw["preChatText"], 500),
    offlineForm: choice(raw["offlineForm"], ["closed", "away", "never"]), offlineText: text(raw["offlineText"], 500),
  };
}

/** Whether white can be read on a colour less well than black (WCAG 2.2, relative luminance); either way it is 4.5 to 1 at least. */
export function isLight(hex: string): boolean {
  const part = (at: number) => {
    const v = parseInt(hex.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 0.179;
}

function origin(v: unknown): string {
  if (typeof v !== "string" || v === "") return ""; // most say nothing, and an error takes its time to be made
  try {
    const u = new URL(String(v));
    return u.protocol === "https:" || u.protocol === "http:" ? u.origin : "";
  } catch {
    return "";
  }
}

/** A list, or lines in a data- attribute with | between them. */
function starters(v: unknown): readonly string[] {
  return (typeof v === "string" ? v.split("|") : list(v)).map((s) => text(s, 200).trim()).filter((s) => s !== "").slice(0, 4);
}

const rightToLeft = /^(ar|fa|he|iw|ur|ps|sd|ug|yi|dv|ckb)\b/i;

/** The direction in which a language is written. */
export function direction(locale: string): "rtl" | "ltr" {
  return rightToLeft.test(locale) ? "rtl" : "ltr";
}
