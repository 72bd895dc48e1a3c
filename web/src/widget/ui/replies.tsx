// Quick replies.

import type { Body } from "../../shared/packets.ts";
import { actionsOf } from "./bodies.ts";
import { useDesk } from "./context.ts";

/** Answers to choose from, under the newest message. */
export function QuickReplies({ body }: { body: Body }) {
  const { room, t } = useDesk();
  return (
    <div class="replies" role="group" aria-label={t.replies} data-testid="replies">
      {actionsOf(body).filter((a) => a.type === "postback").map((a) => <button type="button" class="chip" onClick={() => room.sendText(a.label, { postback: a.value })}>{a.label}</button>)}
    </div>
  );
}
