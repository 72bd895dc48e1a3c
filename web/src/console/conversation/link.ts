// Where an upload is read: links that hold for a while, renewed for as long as they are on the screen.

import { useQuery } from "@tanstack/react-query";
import { call } from "../api/client.ts";
import type { FileLink } from "../api/schema.ts";

const most = 10 * 60_000;

/** An address of a file, and of its preview. */
export interface Link { url: string; thumb: string; /** It may not hold any more. */ old: () => boolean; /** Asks for another one; "" if there is none. */ again: () => Promise<string> }

/** How long a link is used, ms: two thirds of its life, as far as this machine's clock can tell it. read: when it came. */
export function heldFor(link: Pick<FileLink, "expires_at">, read: number): number {
  const life = Date.parse(link.expires_at) - read;
  return life > 0 ? Math.min(most, Math.max(1000, life * 2 / 3)) : most;
}

/** A link to an upload; null until there is one, or if the file is gone. */
export function useFile(id: string): Link | null {
  const q = useQuery({
    queryKey: ["file", id], enabled: id !== "", staleTime: 4 * 60_000, retry: 1, refetchOnWindowFocus: true, // no EVENT tells that a link is over
    queryFn: () => call("POST /uploads/{id}/link", { path: { id } }),
    refetchInterval: ({ state }) => (state.data === undefined ? false : heldFor(state.data, state.dataUpdatedAt)),
  });
  const link = q.data;
  if (link === undefined || path(link.url) === "") return null;
  return {
    url: path(link.url), thumb: path(link.thumbnail_url),
    old: () => Date.now() - q.dataUpdatedAt > heldFor(link, q.dataUpdatedAt) * 1.2,
    again: async () => path((await q.refetch()).data?.url),
  };
}

function path(x: string | undefined): string {
  return x?.startsWith("/files/") === true ? x : "";
}
