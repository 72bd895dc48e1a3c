// Languages. Each is one file of shared/i18n; its `console` has the locale and the texts, which compiler and build hold complete. The page
// loads the one that is spoken. In a text {name} is a value's place, and {n|message|messages} is chosen by the number n.

import { useSyncExternalStore } from "react";
import { load, save } from "../../shared/browser.ts";
import { pickLanguage } from "../../shared/i18n/index.ts";
import type { Language, Texts } from "./texts.ts";

export type { Texts };

const files = import.meta.glob<Language>("../../shared/i18n/??.ts", { import: "console" });
const fileOf = (c: string) => files[`../../shared/i18n/${c}.ts`];
const codes = Object.keys(files).map((f) => f.slice(-5, -3)).sort();
const key = "uniqchat:console:lang";

let current: Language | null = null;
let code = "";
const listeners = new Set<() => void>();

/** Loads the chosen language, or the browser's, or the first there is. */
export async function loadLanguage(): Promise<void> {
  const chosen = load(key);
  await speak(pickLanguage([typeof chosen === "string" ? chosen : null, ...navigator.languages, "zh"], codes));
}

/** Changes the language, for this browser from now on. */
export async function chooseLanguage(to: string): Promise<void> {
  save(key, to);
  await speak(to);
}

async function speak(to: string): Promise<void> {
  const file = fileOf(to);
  if (file === undefined) return;
  current = await file();
  code = to;
  document.documentElement.lang = current.locale;
  document.title = current.texts.shell.title;
  for (const f of listeners) f();
}

/** The languages there are, by code. */
export const languages: readonly { code: string; name: string }[] = codes.map((c) => ({ code: c, name: new Intl.DisplayNames([c], { type: "language" }).of(c) ?? c }));

/** "en", "zh". */
export function languageCode(): string {
  return code;
}

/** The locale for Intl, and what the server is asked for: "zh-CN". */
export function locale(): string {
  return current?.locale ?? "zh-CN";
}

/** The texts, outside of components. */
export function words(): Texts {
  if (current === null) throw new Error("no language is loaded yet");
  return current.texts;
}

function subscribe(f: () => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

/** The texts of the language that is spoken. */
export function useTexts(): Texts {
  return useSyncExternalStore(subscribe, words);
}

/** Fills a text's places: say(t.inbox.selected, { n: 3 }). */
export function say(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (whole, name: string, one?: string, other?: string) => {
    const v = values[name];
    if (v === undefined) return whole;
    if (one !== undefined) return (new Intl.PluralRules(locale()).select(Number(v)) === "one" ? one : other) ?? "";
    return typeof v === "number" ? new Intl.NumberFormat(locale()).format(v) : v;
  });
}
