// How a site wants its widget, as the form has it, and colours that go together.

import type { Bilingual, Widget, WidgetField } from "../api/schema.ts";

export interface Both { zh: string; en: string }
export interface Asked { name: string; label: Both; type: NonNullable<WidgetField["type"]>; required: boolean; options: string[] }
export interface Look {
  title: Both; greeting: Both; launcher: Both; starters: Both[];
  color: string; color_to: string; theme: "auto" | "light" | "dark"; position: "right" | "left"; logo: string; avatar: string;
  sound: boolean; hide_launcher: boolean; triggers: boolean; page_views: boolean;
  pre_text: Both; fields: Asked[];
  offline_form: "closed" | "away" | "never"; offline_text: Both;
}

const both = (b: Bilingual | undefined): Both => ({ zh: b?.zh ?? "", en: b?.en ?? "" });

/** What the server keeps, with the defaults where it keeps nothing. */
export function lookOf(w: Widget): Look {
  return {
    title: both(w.title), greeting: both(w.greeting), launcher: both(w.launcher), starters: (w.starters ?? []).map(both),
    color: w.color ?? "", color_to: w.color_to ?? "", theme: w.theme ?? "auto", position: w.position ?? "right", logo: w.logo ?? "", avatar: w.avatar ?? "",
    sound: w.sound ?? true, hide_launcher: w.hide_launcher ?? false, triggers: w.triggers ?? true, page_views: w.page_views ?? true,
    pre_text: both(w.pre_chat?.text), fields: (w.pre_chat?.fields ?? []).map((f) => ({ name: f.name, label: both(f.label), type: f.type ?? "text", required: f.required ?? false, options: (f.options ?? []).map((o) => o.value) })),
    offline_form: w.offline_form ?? "closed", offline_text: both(w.offline_text),
  };
}

/** What the server is to keep: only what is not so by default. was: labels of options, which the form does not show, are kept. */
export function widgetOf(l: Look, was: Widget = {}): Widget {
  const w: Widget = {};
  const text = (b: Both): Bilingual | undefined => {
    const out: Bilingual = { ...(b.zh.trim() === "" ? {} : { zh: b.zh.trim() }), ...(b.en.trim() === "" ? {} : { en: b.en.trim() }) };
    return Object.keys(out).length === 0 ? undefined : out;
  };
  const put = <K extends keyof Widget>(name: K, value: Widget[K], plain: unknown) => {
    if (value !== undefined && value !== plain) w[name] = value;
  };
  for (const name of ["title", "greeting", "launcher", "offline_text"] as const) put(name, text(l[name]), undefined);
  const starters = l.starters.map(text).filter((x) => x !== undefined);
  if (starters.length > 0) w.starters = starters;
  for (const name of ["color", "color_to", "logo", "avatar"] as const) put(name, l[name].trim(), "");
  put("color_on", was.color === l.color.trim() ? was.color_on : undefined, undefined);
  put("theme", l.theme, "auto");
  put("position", l.position, "right");
  put("offline_form", l.offline_form, "closed");
  for (const name of ["sound", "triggers", "page_views"] as const) put(name, l[name], true);
  put("hide_launcher", l.hide_launcher, false);
  const labels = new Map((was.pre_chat?.fields ?? []).flatMap((f) => (f.options ?? []).map((o) => [`${f.name}\0${o.value}`, o.label] as const)));
  const fields = l.fields.map((f): WidgetField => {
    const label = text(f.label);
    return {
      name: f.name.trim(), type: f.type, ...(label === undefined ? {} : { label }), ...(f.required ? { required: true } : {}),
      ...(f.type === "select" ? { options: f.options.map((value) => { const known = labels.get(`${f.name}\0${value}`); return known === undefined ? { value } : { value, label: known }; }) } : {}),
    };
  });
  const pre = text(l.pre_text);
  if (fields.length > 0 || pre !== undefined) w.pre_chat = { ...(pre === undefined ? {} : { text: pre }), ...(fields.length > 0 ? { fields } : {}) };
  return w;
}

const escape = (s: string) => s.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** The line to paste into every page of a site. */
export function snippet(server: string, key: string): string {
  return `<script src="${escape(server)}/widget.js" data-site-key="${escape(key)}" async></script>`;
}

const hex = /^#[0-9a-f]{6}$/i;

/** A colour's relative luminance (WCAG 2). */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** How well two colours are told apart, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** White or nearly black, whichever is easier to read on a colour. */
export function onColour(colour: string): string {
  return !hex.test(colour) || contrast(colour, "#ffffff") >= contrast(colour, "#15181b") ? "#ffffff" : "#15181b";
}
