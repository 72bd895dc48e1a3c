// Sources: what an answer of the bot's rests on. Those with an address can be opened.

import { safeLink, str } from "../text.ts";
import { useWords } from "./words.ts";

export function Sources({ list }: { list: unknown }) {
  const w = useWords();
  const seen = new Set<string>();
  const all = (Array.isArray(list) ? (list as Record<string, unknown>[]) : []).map((s) => ({ title: str(s?.["heading"]) || str(s?.["title"]), href: safeLink(s?.["url"]) }))
    .filter((s) => s.title !== "" && !seen.has(s.title + s.href) && seen.add(s.title + s.href)).slice(0, 4);
  if (all.length === 0) return null;
  return (
    <ul class="sources" aria-label={w.sources} data-testid="sources">
      {all.map((s) => <li>{s.href === "" ? s.title : <a href={s.href} target="_blank" rel="noopener noreferrer nofollow ugc">{s.title}<span class="hidden"> {w.newTab}</span></a>}</li>)}
    </ul>
  );
}
