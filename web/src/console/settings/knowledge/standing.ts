// How documents and golden questions stand to the index: what follows from what the server says, and nothing else.

import type { GoldenQuestion, KnowledgeDocument, KnowledgeIndex } from "../../api/schema.ts";

/** How many golden questions that failed the server tells of. */
export const mostTold = 20;

/** Whether a build is going on, or begins in a moment. */
export function busy(index: KnowledgeIndex | undefined): boolean {
  return index !== undefined && index.state !== "idle";
}

/** Whether a document may have been read a moment before its index was ready. */
export function isEarly(d: KnowledgeDocument, index: KnowledgeIndex | undefined): boolean {
  if (busy(index)) return false;
  return d.state === "pending" || d.state === "leaving" && index !== undefined && index.last_failure === undefined && index.canary === undefined && !index.rolled_back;
}

/** Changes when documents' states and golden questions' results may have. */
export function sign(index: KnowledgeIndex | undefined): string {
  return index === undefined ? "" : `${index.version} ${index.canary?.version ?? 0} ${busy(index)} ${index.last_failure?.at ?? ""}`;
}

/** How far a build is, 0 to 1; null while that is not known. */
export function part(index: KnowledgeIndex): number | null {
  return index.state === "building" && index.total > 0 ? Math.min(1, index.done / index.total) : null;
}

export type Verdict = "passed" | "failed" | "waiting" | "unknown";

/** What became of a golden question when it was asked last. found: the document that came first instead; null: nothing was found. */
export interface Result { verdict: Verdict; found: string | null }

export function resultOf(g: GoldenQuestion, index: KnowledgeIndex | undefined): Result {
  const is = (verdict: Verdict): Result => ({ verdict, found: null });
  if (index === undefined) return is("unknown");
  const f = index.last_failure;
  const tried = Math.max(0, ...[f?.at, index.versions[0]?.created_at].map((at) => (at === undefined ? 0 : Date.parse(at))));
  if (busy(index) && Date.parse(g.updated_at) > tried) return is("waiting");
  if (f === undefined) return is(index.version === 0 ? "unknown" : "passed"); // every change builds an index, which is asked everything
  if (f.reason === "canary") return is("passed"); // it was tried because all had passed
  if (f.reason !== "golden") return is("unknown");
  const miss = f.golden.find((x) => x.id === g.id);
  if (miss !== undefined) return { verdict: "failed", found: miss.found_document_id };
  return is(f.golden.length < mostTold ? "passed" : "unknown");
}

export type Sort = "changed" | "title" | "size";
export interface Arrangement { word: string; state: KnowledgeDocument["state"] | ""; sort: Sort }

/** The documents that are asked for, in the order that is. */
export function arrange(documents: readonly KnowledgeDocument[], { word, state, sort }: Arrangement, locale: string): KnowledgeDocument[] {
  const wanted = word.trim().toLowerCase();
  const order = new Intl.Collator(locale, { numeric: true });
  const by: Record<Sort, (a: KnowledgeDocument, b: KnowledgeDocument) => number> = {
    changed: (a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at),
    title: (a, b) => order.compare(a.title, b.title),
    size: (a, b) => b.bytes - a.bytes,
  };
  return documents.filter((d) => (state === "" || d.state === state) && `${d.title}\n${d.url}`.toLowerCase().includes(wanted)).sort(by[sort]);
}

/** A language's name, in another language; the tag itself if it has none. */
export function languageName(tag: string, locale: string): string {
  try {
    return new Intl.DisplayNames(locale, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
