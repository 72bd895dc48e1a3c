// What was promised to those who wait, and whether it is past.

import type { Conversation, SLA } from "../api/schema.ts";

type Waits = Pick<Conversation, "team_id" | "queued_at">;
type Promised = Pick<SLA, "team_id" | "first_response_seconds">;

/** Until when a team's visitors are promised a first answer, in seconds: the team's own promise, or that of all. null: none. */
export function promised(team: string | null, promises: readonly Promised[]): number | null {
  const own = promises.filter((p) => team !== null && p.team_id === team);
  const seconds = (own.length > 0 ? own : promises.filter((p) => p.team_id === undefined || p.team_id === null)).map((p) => p.first_response_seconds ?? 0).filter((s) => s > 0);
  return seconds.length > 0 ? Math.min(...seconds) : null;
}

/** How long somebody waits, in milliseconds. */
export function waits(c: Waits, now: number): number {
  return c.queued_at === null ? 0 : Math.max(0, now - Date.parse(c.queued_at));
}

export function isLate(c: Waits, promises: readonly Promised[], now: number): boolean {
  const most = promised(c.team_id, promises);
  return most !== null && waits(c, now) > most * 1000;
}

/** How the queue stands: bad when somebody waits past a promise, or nobody could answer; warn when somebody waits or could only wait. */
export function mood(q: { waiting: number; agents_online: number; longest_wait_seconds: number }, late: number): "good" | "warn" | "bad" {
  if (late > 0 || (q.waiting > 0 && (q.agents_online === 0 || q.longest_wait_seconds > 600))) return "bad";
  return q.waiting > 0 || q.agents_online === 0 ? "warn" : "good";
}
