// The line under the head: how the connection is, the place in the queue, how long to wait.

import { useRef } from "preact/hooks";
import { format } from "../../shared/i18n/index.ts";
import { closeReplaced, closeTooMany } from "../../shared/names.ts";
import { useCountdown, useDesk } from "./context.ts";

const quiet = 4000; // a connection that comes back within that is not worth a word

export function Notice() {
  const { room, t } = useDesk();
  const s = room.state;
  const retry = useCountdown(s.link.name === "waiting" ? s.link.retryAt : 0);
  const slow = useCountdown(s.slowUntil);
  const since = useRef(0);
  since.current = s.link.name === "online" ? 0 : since.current || Date.now();
  const soon = useCountdown(since.current && since.current + quiet);
  let text = "";
  let kind = "";
  let button: { label: string; act(): void } | null = null;
  const again = { label: t.again, act: () => room.again() };
  switch (s.link.name) {
    case "ended":
      kind = "bad";
      text = s.link.code === closeReplaced ? t.replaced : t.ended + s.link.reason;
      button = again;
      break;
    case "waiting":
      kind = "warn";
      text = !navigator.onLine ? t.offline : s.link.code === closeTooMany && retry > 0 ? format(t.tooMany, { seconds: retry }) : retry > 2 ? format(t.waitingFor, { seconds: retry }) : t.waiting;
      break;
    case "connecting":
    case "idle":
      if (s.visitor.id === "" || s.messages.length === 0 || soon === 0) text = t.connecting;
      break;
    case "online":
      if (slow > 0) {
        kind = "warn";
        text = `${t.slow} ${format(t.slowFor, { seconds: slow })}`;
      } else if (s.queue !== null) {
        kind = "info";
        text = s.queue.place === 1 ? t.queueFirst : format(t.queue, { place: s.queue.place });
        const minutes = Math.round(s.queue.seconds! / 60);
        if (s.queue.seconds !== null) text += ` · ${minutes < 1 ? t.queueSoon : format(t.queueMinutes, { minutes })}`;
      }
  }
  return <div class={`state ${kind}`} role="status" data-testid="state">{text}{button !== null && <button type="button" class="link" onClick={button.act}>{button.label}</button>}</div>;
}
