// Lists that forms choose from, whole.

import { useEffect } from "react";
import { usePages } from "../../api/query.ts";
import type { Agent, SiteKey, Team } from "../../api/schema.ts";

interface Paged { hasNextPage: boolean; isFetchingNextPage: boolean; isError: boolean; fetchNextPage: () => unknown }

/** Reads a list to its end. */
export function useWhole<Q extends Paged>(q: Q): Q {
  const more = q.hasNextPage && !q.isFetchingNextPage && !q.isError;
  useEffect(() => {
    if (more) void q.fetchNextPage();
  });
  return q;
}

const most = { query: { limit: 200 } };

export const useAgents = () => useWhole(usePages("/agents", most));
export const useTeams = () => useWhole(usePages("/teams", most));
export const useSites = (enabled = true) => useWhole(usePages("/site-keys", most, { enabled }));

/** Choices of a select, with one that is none in front. */
export function choices(items: readonly (Team | Agent)[], none?: string): { value: string; label: string }[] {
  return [...(none === undefined ? [] : [{ value: "", label: none }]), ...items.map((x) => ({ value: x.id, label: x.name }))];
}

export function siteChoices(items: readonly SiteKey[], none: string, have = ""): { value: string; label: string }[] {
  const known = have === "" || items.some((s) => s.key === have) ? [] : [{ value: have, label: have }];
  return [{ value: "", label: none }, ...known, ...items.map((s) => ({ value: s.key, label: s.name === "" ? s.key : s.name }))];
}
