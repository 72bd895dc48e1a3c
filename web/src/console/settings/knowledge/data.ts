// What the pages of the knowledge base read, and what is read again after a change.

import { useEffect, useRef } from "react";
import { refresh, useGet, usePages } from "../../api/query.ts";
import { useTexts } from "../../i18n/index.ts";
import { useWatch } from "../deliveries.tsx";
import { useWhole } from "../parts/lists.ts";
import { busy, sign } from "./standing.ts";

const most = { query: { limit: 200 } };
const fresh = { staleTime: 0, keep: true };

export const useDocuments = () => useWhole(usePages("/knowledge/documents", most, fresh));
export const useGolden = () => useWhole(usePages("/knowledge/golden", most, fresh));
export const useUnanswered = () => useWhole(usePages("/knowledge/unanswered", most, fresh));

/** How the index stands: read every second while it is built, and with it what follows from it. */
export function useIndex() {
  const q = useGet("/knowledge/reindex", {}, { staleTime: 0 });
  useWatch(busy(q.data), q.refetch, 1_000);
  useWatch(!busy(q.data) && q.data?.canary !== undefined, q.refetch, 5_000);
  const now = sign(q.data);
  const before = useRef(now);
  useEffect(() => {
    if (before.current !== "" && before.current !== now) refresh("/knowledge/documents", "/knowledge/search");
    before.current = now;
  }, [now]);
  return q;
}

/** After a change: everything that it may show in. */
export function reread(): void {
  refresh("/knowledge/documents", "/knowledge/reindex", "/knowledge/golden");
}

/** The titles of documents, by id: what is not there any more is called so. */
export function useTitles(): (id: string | null | undefined) => string {
  const t = useTexts().knowledge;
  const list = useDocuments();
  const titles = new Map(list.items.map((d) => [d.id, d.title]));
  return (id) => titles.get(id ?? "") ?? (list.isPending || list.hasNextPage ? "…" : t.deleted);
}
