// Which roles may do what here: the same as in the server's table of routes, which has the last word.

import type { Agent } from "../api/schema.ts";
import { useMe } from "../live/live.ts";

export type Role = Agent["role"];
export type Level = "all" | "staff" | "leads" | "managers";

const levels: Record<Level, readonly Role[]> = {
  managers: ["owner", "admin"],
  leads: ["owner", "admin", "supervisor"],
  staff: ["owner", "admin", "supervisor", "agent"],
  all: ["owner", "admin", "supervisor", "agent", "viewer"],
};

export function may(role: Role, level: Level): boolean {
  return levels[level].includes(role);
}

/** The roles of a level, the highest first. */
export function rolesOf(level: Level): readonly Role[] {
  return levels[level];
}

/** Whether whoever is logged in belongs to a level. */
export function useMay(level: Level): boolean {
  return may(useMe().role, level);
}
