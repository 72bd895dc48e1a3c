// The widget's words, by language (shared/i18n).

import { widget as en, type Translation } from "../shared/i18n/en.ts";
import { pickLanguage } from "../shared/i18n/index.ts";
import { widget as zh } from "../shared/i18n/zh.ts";

export type Texts = Translation<typeof en>;

const all: Readonly<Record<string, Texts>> = { en, zh };

/** The words for a locale: its language if there is one, else English. */
export function texts(locale: string): Texts {
  return all[pickLanguage([locale], Object.keys(all))]!;
}
