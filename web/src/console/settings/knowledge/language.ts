// In which language a file is: its name may say so (returns.zh.md), or the letters in it.

const inName = /[._-](zh|en|ja|ko|fr|de|es|it|pt|ru|nl|pl|tr|vi|th|id|ar)(?:[-_](?:[a-z]{2,4}))?$/i;

/** The languages that are offered. */
export const offered = ["zh", "en", "ja", "ko", "fr", "de", "es", "it", "pt", "ru", "nl", "pl", "tr", "vi", "th", "id", "ar"] as const;

/** The language of a file, as a tag; "" if neither its name nor its letters say. */
export function languageOf(name: string, text: string): string {
  const said = inName.exec(name.replace(/\.[^.]*$/, ""))?.[1];
  if (said !== undefined) return said.toLowerCase();
  const count = (r: RegExp) => text.match(r)?.length ?? 0;
  const letters = count(/\p{L}/gu);
  const more = (r: RegExp, share: number) => letters > 0 && count(r) / letters > share;
  if (more(/[\p{sc=Hiragana}\p{sc=Katakana}]/gu, .1)) return "ja";
  if (more(/\p{sc=Hangul}/gu, .3)) return "ko";
  return more(/\p{sc=Han}/gu, .2) ? "zh" : "";
}

/** The beginning of a file as text; "" if it is not UTF-8, which the server makes out better. */
export async function beginning(file: Blob): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.slice(0, 16_384).arrayBuffer(), { stream: true });
  } catch {
    return "";
  }
}
