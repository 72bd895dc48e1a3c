// The console's words, by language (shared/i18n), and which one was chosen.

import { load, save } from "../shared/browser.ts";
import { console as en, type Translation } from "../shared/i18n/en.ts";
import { pickLanguage } from "../shared/i18n/index.ts";
import { console as zh } from "../shared/i18n/zh.ts";

export type Lang = "zh" | "en";
export type Texts = Translation<typeof en>;

const all: Record<Lang, Texts> = { zh, en };
const key = "uniqchat:console:lang";

/** The chosen language, or the browser's, or Chinese. */
export function language(): Lang {
  const chosen = load(key);
  return pickLanguage([typeof chosen === "string" ? chosen : null, ...navigator.languages], Object.keys(all)) as Lang;
}

export function choose(lang: Lang): void {
  save(key, lang);
}

export function texts(lang: Lang): Texts {
  return all[lang];
}
