// What people and things are called.

import { useMemo } from "react";
import { useAll, useGet } from "../api/query.ts";
import type { Agent, Conversation, RecordLabel, Team } from "../api/schema.ts";
import { say, type Texts } from "../i18n/index.ts";

/** A visitor's name, or a short one made of the id. */
export function visitorName(c: Pick<Conversation, "visitor_name" | "visitor_id">, t: Texts): string {
  return c.visitor_name !== "" ? c.visitor_name : say(t.inbox.visitor, { id: c.visitor_id.slice(-4) });
}

export interface Names {
  agents: readonly Agent[];
  teams: readonly Team[];
  /** "" if nobody is known by this id. */
  agent: (id: string | null) => string;
  team: (id: string | null) => string;
  /** A label's colour, as #rrggbb. */
  colour: (label: string) => string;
}

const most = { query: { limit: 200 } };
const noAgents: readonly Agent[] = [], noTeams: readonly Team[] = [], noLabels: readonly RecordLabel[] = [];

/** All labels: read once, and again when they change. */
export function useLabels(): readonly RecordLabel[] {
  return useAll("/labels", { staleTime: Infinity }).data ?? noLabels;
}

/** Who the staff are: read once, and again when the settings change. */
export function useNames(): Names {
  const agents = useGet("/agents", most, { staleTime: Infinity }).data?.data ?? noAgents;
  const teams = useAll("/teams", { staleTime: Infinity }).data ?? noTeams;
  const labels = useLabels();
  return useMemo(() => {
    const agent = new Map(agents.map((a) => [a.id, a.name]));
    const team = new Map(teams.map((x) => [x.id, x.name]));
    const colour = new Map(labels.map((l) => [l.name, l.color]));
    return {
      agents, teams,
      agent: (id) => (id === null ? "" : (agent.get(id) ?? "")),
      team: (id) => (id === null ? "" : (team.get(id) ?? "")),
      colour: (label) => colour.get(label) ?? "#64748b",
    };
  }, [agents, teams, labels]);
}
