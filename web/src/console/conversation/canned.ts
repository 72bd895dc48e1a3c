// Canned replies: what stands behind a slash in the text, and which replies it means.

import type { ListRecordCannedResponse } from "../api/schema.ts";

export type Canned = ListRecordCannedResponse["data"][number];

/** A slash and what follows it, right before the caret; null if there is none. from: where the slash stands. */
export function slashAt(text: string, caret: number): { from: number; word: string } | null {
  const m = /(?:^|\s)\/(\S{0,40})$/.exec(text.slice(0, caret));
  return m === null ? null : { from: caret - (m[1] ?? "").length - 1, word: m[1] ?? "" };
}

/** The replies that a word means, the best first: those whose shortcut begins with it, then those that say it. At most n. */
export function matching(all: readonly Canned[], word: string, n: number): Canned[] {
  const w = word.toLowerCase();
  const rank = (c: Canned) => {
    const s = c.shortcut.toLowerCase();
    if (s === w) return 0;
    if (s.startsWith(w)) return 1;
    if (s.includes(w)) return 2;
    if ((c.title ?? "").toLowerCase().includes(w)) return 3;
    return c.text.toLowerCase().includes(w) ? 4 : 9;
  };
  return all.map((c) => ({ c, r: rank(c) })).filter((x) => x.r < 9).sort((a, b) => a.r - b.r || a.c.shortcut.localeCompare(b.c.shortcut)).slice(0, n).map((x) => x.c);
}

/** The text with a reply in the place of its slash, and where the caret stands then. */
export function insert(text: string, caret: number, from: number, reply: string): { text: string; caret: number } {
  return { text: text.slice(0, from) + reply + text.slice(caret), caret: from + reply.length };
}

/** What a reply can name: {{visitor.name}}, or {{visitor.name|there}} with what stands for it where it is not known. */
export const placeholders = ["visitor.name", "visitor.email", "agent.name"] as const;

/** A reply's text with what it names filled in. What is no such name, or not read yet, stays as it is. */
export function fill(text: string, values: Record<(typeof placeholders)[number], string | undefined>): string {
  return text.replace(/\{\{\s*([a-z.]+)\s*(?:\|([^{}]*))?\}\}/g, (whole, name: string, otherwise: string | undefined) => {
    const known = placeholders.find((p) => p === name);
    return known === undefined || values[known] === undefined ? whole : values[known] || (otherwise ?? "").trim();
  });
}
