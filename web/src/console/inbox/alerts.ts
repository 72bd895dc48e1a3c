// What an agent should hear of besides messages: a conversation was given to them, somebody new is waiting.

import { useEffect, useRef } from "react";
import type { Message } from "../../shared/packets.ts";
import { str } from "../../widget/text.ts";
import { usePages } from "../api/query.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useLive, useMe } from "../live/live.ts";
import { noFilters, toQuery } from "./filters.ts";
import { useNames, visitorName } from "./names.ts";

/** Whether a message says that a conversation was given to somebody by somebody else. */
export function given(m: Pick<Message, "kind" | "body">, to: string): boolean {
  return m.kind === "system" && ["conversation.assigned", "conversation.transferred"].includes(str(m.body["event"])) && m.body["assignee_id"] === to && m.body["by"] !== to;
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

  // Those who wait are known by the list that the inbox shows, too.
  const waiting = usePages("/conversations", { query: toQuery({ ...noFilters, view: "queued" }) });
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (!waiting.isSuccess) return;
    const fresh = waiting.items.filter((c) => known.current?.has(c.id) === false);
    known.current = new Set(waiting.items.map((c) => c.id));
    const first = fresh[0];
    if (first === undefined || live.status === "offline" || me.role === "viewer") return;
    live.bell.ring();
    if (document.visibilityState !== "visible" || !document.hasFocus()) live.bell.notify(say(t.shell.newWaiting, { name: visitorName(first, t) }), str((first.last_message?.body as Record<string, unknown> | undefined)?.["text"]), first.id);
  }, [waiting.items, waiting.isSuccess]);
}
