// Site: how the shop wants its widget, as the console has it. The server tells it to any page of the site, without a visitor; it
// is kept, so that most pages ask for nothing.

import { load, save } from "../shared/browser.ts";
import { list } from "./settings.ts";

/** What came from outside: every member may be missing, or another kind of thing. */
export interface Site { widget: Record<string, unknown>; triggers: unknown }

const freshFor = 5 * 60_000;

export const siteConfigKey = (siteKey: string) => `uniqchat:site:${siteKey}`;

/** An object, whatever it was. */
export const object = (v: unknown): Record<string, unknown> => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Record<string, unknown>) : {});

const siteOf = (said: Record<string, unknown>): Site => ({ widget: object(said["widget"]), triggers: said["triggers"] });

/** What is kept, if anything is. */
export function keptSite(siteKey: string): (Site & { old: boolean }) | null {
  const kept = object(load(siteConfigKey(siteKey)));
  const at = Number(kept["at"]) || 0;
  return at === 0 ? null : { ...siteOf(kept), old: Math.abs(Date.now() - at) > freshFor };
}

/** An answer. The old way to ask: the first fetch of a page takes the browser several times as long. */
function read(url: string): Promise<XMLHttpRequest> {
  return new Promise((done, failed) => {
    const r = new XMLHttpRequest();
    r.open("GET", url);
    r.timeout = 8000;
    r.onload = () => done(r);
    r.onerror = r.ontimeout = failed;
    r.send();
  });
}

/** What the server says now: "no" if this page gets no widget. Null if it says nothing, or if what answers is something else, as a proxy whose server is gone. */
export async function askSite(base: string, siteKey: string): Promise<Site | "no" | null> {
  try {
    const { status, responseText } = await read(`${base}/widget/config?key=${encodeURIComponent(siteKey)}`);
    const said = object(JSON.parse(responseText));
    if (/^(site_key_unknown|origin_not_allowed)$/.test(said["code"] as string)) {
      save(siteConfigKey(siteKey), null);
      return "no";
    }
    if (status !== 200) return null;
    const site = siteOf(said);
    save(siteConfigKey(siteKey), { ...site, at: Date.now() });
    return site;
  } catch {
    return null;
  }
}

/** A text that the console has in several languages: the visitor's if there is one, else any. */
export function spoken(v: unknown, locale: string): string {
  const all = object(v);
  const own = all[locale.toLowerCase().startsWith("zh") ? "zh" : "en"];
  const text = own || all["en"] || all["zh"];
  return typeof text === "string" ? text : "";
}

/** The console's settings, by the names and kinds of the page's own. */
export function settingsOf(w: Record<string, unknown>, locale: string): Record<string, unknown> {
  const say = (v: unknown) => spoken(v, locale);
  const pre = object(w["pre_chat"]);
  return {
    ...w, title: say(w["title"]), greeting: say(w["greeting"]), launcher: say(w["launcher"]), starters: list(w["starters"]).map(say),
    colorTo: w["color_to"], colorOn: w["color_on"], hideLauncher: w["hide_launcher"], pageViews: w["page_views"], offlineForm: w["offline_form"], offlineText: say(w["offline_text"]),
    preChatText: say(pre["text"]),
    preChat: list(pre["fields"]).map(object).map((f) => ({
      ...f, label: say(f["label"]), options: list(f["options"]).map(object).map((o) => ({ value: o["value"], label: say(o["label"]) })),
    })),
  };
}
