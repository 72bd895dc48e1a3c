// Reading from the API: answers are kept, shared by the screens that show them, and read again when the server says that
// something changed (live/live.ts) or the connection had a gap.

import { QueryClient, useInfiniteQuery, useMutation, useQuery, type UseInfiniteQueryResult, type InfiniteData, type UseQueryResult } from "@tanstack/react-query";
import { ApiError, call, type Answer, type Args, type Operation } from "./client.ts";

type Get = Extract<Operation, `GET ${string}`>;
/** The paths that can be read, e.g. "/conversations/{id}". */
export type Path = Get extends `GET ${infer P}` ? P : never;
type Of<P extends Path> = `GET ${P}` & Operation;
type ListPath = { [P in Path]: Answer<Of<P>> extends { data: unknown[]; next_cursor: string | null } ? P : never }[Path];
type Item<P extends ListPath> = Answer<Of<P>> extends { data: (infer T)[] } ? T : never;

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false, // EVENTs tell
      retry: (n, e) => n < 3 && e instanceof ApiError && (e.status === 0 || e.status === 429 || e.status >= 500),
      retryDelay: (n, e) => Math.max(e instanceof ApiError ? e.retryAfter : 0, Math.min(500 * 2 ** n, 10_000)),
    },
  },
});

export interface ReadOptions<E = number> { enabled?: boolean; staleTime?: number; every?: E; keep?: boolean }

/** Reads one answer: useGet("/conversations/{id}", { path: { id } }). keep: show the last answer while another is read. */
export function useGet<P extends Path>(path: P, args: Args<Of<P>>, o: ReadOptions = {}): UseQueryResult<Answer<Of<P>>, Error> {
  return useQuery({
    queryKey: [path, args],
    queryFn: ({ signal }) => call(`GET ${path}` as Of<P>, args, { signal }),
    enabled: o.enabled ?? true,
    ...(o.staleTime === undefined ? {} : { staleTime: o.staleTime }),
    ...(o.every === undefined ? {} : { refetchInterval: o.every }),
    ...(o.keep === true ? { placeholderData: (was: Answer<Of<P>> | undefined) => was } : {}),
  } as Parameters<typeof useQuery<Answer<Of<P>>, Error>>[0]);
}

export type Pages<P extends ListPath> = UseInfiniteQueryResult<InfiniteData<Answer<Of<P>>>, Error> & { items: Item<P>[] };

/** Reads a list page by page. every: how often all pages that there are come anew. items are those of all pages so far, without the repeats that a changing list gives; fetchNextPage reads on. */
export function usePages<P extends ListPath>(path: P, args: Args<Of<P>>, o: ReadOptions<number | ((pages: number) => number)> = {}): Pages<P> {
  const { every } = o;
  const q = useInfiniteQuery({
    queryKey: [path, args, "pages"],
    queryFn: ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) => {
      const query = { ...(args as { query?: object }).query, ...(pageParam === "" ? {} : { cursor: pageParam }) };
      return call(`GET ${path}` as Of<P>, { ...args, query } as Args<Of<P>>, { signal });
    },
    initialPageParam: "",
    getNextPageParam: (last: Answer<Of<P>>) => (last as { next_cursor: string | null }).next_cursor,
    enabled: o.enabled ?? true,
    ...(o.staleTime === undefined ? {} : { staleTime: o.staleTime }),
    ...(every === undefined ? {} : { refetchInterval: typeof every === "number" ? every : (query: { state: { data?: { pages: unknown[] } } }) => every(query.state.data?.pages.length ?? 0) }),
    ...(o.keep === true ? { placeholderData: (was: unknown) => was } : {}),
  } as never) as unknown as UseInfiniteQueryResult<InfiniteData<Answer<Of<P>>>, Error>;
  return Object.assign({ ...q }, { items: items<P>(q.data) }) as Pages<P>;
}

const most = 5_000; // more of a thing than a tenant may have

/** Reads a list to its end, for those who choose from it: undefined until all of it is there. The server bounds such lists. */
export function useAll<P extends ListPath>(path: P, o: ReadOptions = {}): UseQueryResult<Item<P>[], Error> {
  return useQuery({
    queryKey: [path, {}, "all"],
    queryFn: async ({ signal }: { signal: AbortSignal }) => {
      const all = new Map<unknown, unknown>();
      let cursor: string | null = null;
      do {
        const query = { limit: 200, ...(cursor === null ? {} : { cursor }) };
        const page: { data: { id: string }[]; next_cursor: string | null } = await call(`GET ${path}` as Of<P>, { query } as never, { signal }) as never;
        for (const x of page.data) all.set(x.id, x);
        cursor = page.next_cursor;
      } while (cursor !== null && all.size < most);
      return [...all.values()];
    },
    enabled: o.enabled ?? true,
    ...(o.staleTime === undefined ? {} : { staleTime: o.staleTime }),
  } as never) as unknown as UseQueryResult<Item<P>[], Error>;
}

const flat = new WeakMap<object, unknown[]>();

function items<P extends ListPath>(data: InfiniteData<Answer<Of<P>>> | undefined): Item<P>[] {
  if (data === undefined) return none as Item<P>[];
  let all = flat.get(data);
  if (all === undefined) {
    const found = new Map<unknown, unknown>();
    for (const page of data.pages) for (const x of (page as { data: unknown[] }).data) found.set((x as { id?: string }).id ?? x, x);
    flat.set(data, (all = [...found.values()]));
  }
  return all as Item<P>[];
}

const none: never[] = [];

/** Something that changes: const save = useSend("PATCH /labels/{id}", ["/labels"]); save.mutate({ path, body }). What is named is read again afterwards. */
export function useSend<O extends Operation>(operation: O, stale: readonly Path[] = []) {
  return useMutation<Answer<O>, Error, Args<O>>({
    mutationFn: (args) => call(operation, args),
    onSuccess: () => refresh(...stale),
  });
}

/** Reads again what is kept of these paths and those below them, once it is shown. */
export function refresh(...paths: readonly Path[]): void {
  for (const path of paths) {
    void cache.invalidateQueries({ predicate: (q) => { const k = String(q.queryKey[0]); return k === path || k.startsWith(`${path}/`); } });
  }
}

/**
 * Reads lists of conversations again, and of all else that is kept of single ones what belongs to the named ones; null is all of them.
 * What was searched for only if one of the named is in it.
 */
export function refreshConversations(named: ReadonlySet<string> | null): void {
  void cache.invalidateQueries({
    predicate: ({ queryKey, state }) => {
      const [path, args] = queryKey as [string, { path?: { id?: string }; query?: Record<string, unknown> } | undefined];
      if (path.startsWith("/conversations/")) return named === null || named.has(args?.path?.id ?? "");
      if (path !== "/conversations") return false;
      if (named === null || args?.query?.["q"] === undefined) return named === null || args?.query?.["visitor"] === undefined || named.size > 0; // a visitor may have begun a new one
      const pages = ((state.data as { pages?: unknown[] } | undefined)?.pages ?? [state.data]) as ({ data?: { id?: string }[] } | undefined)[];
      return pages.some((p) => p?.data?.some((c) => named.has(c.id ?? "")));
    },
  });
}

/** Reads everything on the screen again: something may have been missed. */
export function refreshAll(): void {
  void cache.invalidateQueries();
}
