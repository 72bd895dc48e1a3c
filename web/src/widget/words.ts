// How a file of words comes to the loader.

import type { Texts } from "./texts.ts";

export function bring(language: string, words: Texts): void {
  (window as unknown as { uniqchat: { words: Record<string, Texts> } }).uniqchat.words[language] = words;
}
