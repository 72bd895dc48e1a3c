// How far a newcomer is, from the log-in to the first answered chat, told by what is there.

import type { Conversation } from "../api/schema.ts";

export type Step = "try" | "accept" | "answer";
export const steps: readonly Step[] = ["try", "accept", "answer"];

/** The steps that are done. all: the newest conversations of the tenant. */
export function doneSteps(all: readonly Pick<Conversation, "assignee_id" | "last_message">[], me: string): ReadonlySet<Step> {
  const done = new Set<Step>();
  if (all.length > 0) done.add("try");
  if (all.some((c) => c.assignee_id === me)) done.add("accept");
  if (all.some((c) => c.last_message?.role === "agent" && c.last_message.sender === me)) done.add("answer");
  return done;
}

/** Whether this is a place where nobody has answered anybody yet: there the guide comes by itself. */
export function isNew(all: readonly Pick<Conversation, "last_message">[]): boolean {
  return all.length < 5 && !all.some((c) => c.last_message?.role === "agent");
}
