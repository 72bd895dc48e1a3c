// What an answer rests on: documents of the knowledge base, or where people find them.

import { safeLink, str } from "../../widget/text.ts";
import { useTexts } from "../i18n/index.ts";
import { IconBook2, IconExternalLink } from "../ui/icons.ts";
import css from "./ai.module.css";

export interface Source { document: string; title: string; heading: string; url: string }

/** The sources in a message's body or an answer of the API: whoever wrote it, what is not as it should be is left out. */
export function sourcesOf(raw: unknown): Source[] {
  if (!Array.isArray(raw)) return [];
  const out: Source[] = [];
  for (const x of raw as unknown[]) {
    const s = (typeof x === "object" && x !== null ? x : {}) as Record<string, unknown>;
    const one = { document: str(s["document"]) || str(s["document_id"]), title: str(s["title"]), heading: str(s["heading"]), url: safeLink(s["url"]) };
    if (one.title !== "" && !out.some((o) => o.document === one.document && o.heading === one.heading)) out.push(one);
  }
  return out;
}

export function Sources({ all }: { all: readonly Source[] }) {
  const t = useTexts().ai;
  if (all.length === 0) return null;
  return (
    <ul className={css.sources} aria-label={t.sources} data-testid="sources">
      {all.map((s) => {
        const name = s.heading === "" ? s.title : s.heading.startsWith(s.title) ? s.heading : `${s.title} › ${s.heading}`;
        const inside = /^[0-9a-f-]{36}$/.test(s.document) ? `/console/settings/knowledge/${s.document}` : "";
        return (
          <li key={`${s.document}${s.heading}`}>
            {s.url !== "" ? <a href={s.url} target="_blank" rel="noopener noreferrer nofollow" dir="auto"><IconExternalLink size={12} aria-hidden="true" /><span>{name}</span></a>
              : inside !== "" ? <a href={inside} target="_blank" rel="noopener" dir="auto"><IconBook2 size={12} aria-hidden="true" /><span>{name}</span></a> : <span dir="auto">{name}</span>}
          </li>
        );
      })}
    </ul>
  );
}
