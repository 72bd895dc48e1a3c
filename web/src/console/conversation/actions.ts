// What can be done with a conversation as a whole, and who may.

import { useState } from "react";
import { ApiError, call, type Args, type Operation } from "../api/client.ts";
import { refresh, useGet } from "../api/query.ts";
import type { Agent, Conversation } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useNames } from "../inbox/names.ts";
import { useMe } from "../live/live.ts";
import { tellProblem } from "../ui/problem.tsx";

export interface Can { write: boolean; accept: boolean; takeOver: boolean; close: boolean; reopen: boolean; snooze: boolean; transfer: boolean; requeue: boolean; toBot: boolean; toHuman: boolean }

/** What an agent may do with a conversation as it stands. bot: the tenant has one, that would answer. */
export function can(c: Pick<Conversation, "status" | "assignee_id">, me: Pick<Agent, "id" | "role">, bot = false): Can {
  const write = me.role !== "viewer";
  const closed = c.status === "closed";
  return {
    write,
    accept: write && c.status === "queued",
    takeOver: write && !closed && c.status !== "queued" && c.assignee_id !== me.id,
    close: write && !closed,
    reopen: write && closed,
    snooze: write && c.status === "open",
    transfer: write && !closed,
    requeue: write && !closed && c.assignee_id !== null,
    toBot: write && bot && (c.status === "open" || c.status === "queued"),
    toHuman: write && c.status === "bot",
  };
}

export type Actions = ReturnType<typeof useActions>;

/** done is called after each that was done. */
export function useActions(c: Conversation, done?: () => void) {
  const t = useTexts();
  const me = useMe();
  const names = useNames();
  const bot = useGet("/bot", {}, { staleTime: 5 * 60_000 }).data?.enabled === true;
  const [busy, setBusy] = useState(false);
  const path = { id: c.id };

  /** Does something; true if it was done. What the screen shows is read again either way. */
  async function run<O extends Operation>(operation: O, args: Args<O>): Promise<boolean> {
    setBusy(true);
    try {
      await call(operation, args);
      done?.();
      return true;
    } catch (e) {
      tellProblem(e instanceof ApiError && e.status === 409 && e.problem.assignee_id !== undefined ? lost(e.problem.assignee_id) : e);
      return false;
    } finally {
      setBusy(false);
      refresh("/conversations");
    }
  }

  function lost(winner: string): Error {
    const name = names.agent(winner);
    return new Error(name === "" ? t.conversation.lostUnknown : say(t.conversation.lost, { name }));
  }

  return {
    busy, run, can: can(c, me, bot),
    accept: () => void run("POST /conversations/{id}/accept", { path }),
    takeOver: () => void run("POST /conversations/{id}/assign", { path, body: { agent_id: me.id } }),
    close: () => void run("POST /conversations/{id}/close", { path }),
    reopen: () => void run("POST /conversations/{id}/reopen", { path }),
  };
}
