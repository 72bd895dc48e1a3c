// How long a text is, once it comes near what is taken: what is pasted is never cut without a word.

import { say, useTexts } from "../i18n/index.ts";
import css from "./ui.module.css";

/** The longest message and canned reply, in UTF-16 units as fields count. */
export const longest = 20_000;

export function Length({ n, most }: { n: number; most: number }) {
  const t = useTexts().shell;
  if (n <= most * .9) return null;
  return <span className={css.length} data-over={n > most} role={n > most ? "alert" : undefined} data-testid="length">{say(n > most ? t.tooLong : t.lengthOf, { n: n > most ? n - most : n, most })}</span>;
}
