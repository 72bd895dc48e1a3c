// What an agent should hear of besides messages: a conversation was given to them, somebody new is waiting.

import { useEffect, useRef } from "react";
import type { Message } from "../../shared/packets.ts";
import { str } from "../../widget/text.ts";
import { usePages } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useLive, useMe } from "../live/live.ts";
import { noFilters, pageSize, toQuery } from "./filters.ts";
import { useNames, visitorName } from "./names.ts";

/** Whether a message says that a conversation was given to somebody by somebody else. */
export function given(m: Pick<Message, "kind" | "body">, to: string): boolean {
  return m.kind === "system" && ["conversation.assigned", "conversation.transferred"].includes(str(m.body["event"])) && m.body["assignee_id"] === to && m.body["by"] !== to;
}

/** Who has begun to wait since the newest that was seen, the newest first, and until when all are seen now. Nobody is new at first. */
export function newcomers<T extends Pick<Conversation, "queued_at">>(list: readonly T[], seen: number | null): { fresh: readonly T[]; seen: number } {
  const at = (c: T) => (c.queued_at === null ? 0 : Date.parse(c.queued_at));
  return { fresh: seen === null ? [] : list.filter((c) => at(c) > seen).sort((a, b) => at(b) - at(a)), seen: Math.max(seen ?? 0, ...list.map(at)) };
}

/** Rings and notifies, on every page of the console. */
export function useAlerts(): void {
  const t = useTexts();
  const live = useLive();
  const me = useMe();
  const names = useNames();
  useEffect(() => live.on("message", (m) => {
    if (!given(m, me.id)) return;
    live.bell.ring();
    live.bell.notify(t.inbox.givenToYou, str(m.body["note"]) || (m.body["by"] === undefined ? "" : say(t.inbox.givenBy, { name: names.agent(str(m.body["by"])) })), m.conv);
  }), [live, me.id, names, t]);

  // Those who wait are known by the list that the inbox shows, too. If that goes on, who came last is not on its first page.
  const first = usePages("/conversations", { query: toQuery({ ...noFilters, view: "queued" }) });
  const last = usePages("/conversations", { query: { status: "queued", limit: pageSize } }, { enabled: first.hasNextPage });
  const waiting = first.hasNextPage ? last : first;
  const seen = useRef<number | null>(null);
  useEffect(() => {
    if (!waiting.isSuccess) return;
    const came = newcomers(waiting.items, seen.current);
    seen.current = came.seen;
    const c = came.fresh[0];
    if (c === undefined || live.status === "offline" || me.role === "viewer") return;
    live.bell.ring();
    if (document.visibilityState !== "visible" || !document.hasFocus()) live.bell.notify(say(t.shell.newWaiting, { name: visitorName(c, t) }), str((c.last_message?.body as Record<string, unknown> | undefined)?.["text"]), c.id);
  }, [waiting.items, waiting.isSuccess]);
}
