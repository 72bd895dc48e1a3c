// One message as it is shown, with whose it is and how far it got.

import { messageText } from "../../shared/i18n/system.ts";
import type { OutboxEntry } from "../../shared/outbox.ts";
import type { Body, Kind } from "../../shared/packets.ts";
import type { UUID } from "../../shared/uuid.ts";
import { str } from "../text.ts";
import { clockTime } from "../texts.ts";
import { isQuickReplies } from "./bodies.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { FileRow, Picture } from "./media.tsx";
import { Rich } from "./rich.tsx";

export type Mark = "" | "sending" | "sent" | "delivered" | "read" | "failed";

export interface BubbleProps {
  mid: UUID; kind: Kind; body: Body | null; own: boolean; name: string; bot: boolean; time: number; edited: boolean; first: boolean; last: boolean;
  mark: Mark; entry: OutboxEntry | null; live: boolean; answered: boolean; open(body: Body): void;
}

export function Avatar({ name, bot }: { name: string; bot: boolean }) {
  const initial = [...name.trim()][0]?.toUpperCase() ?? "?";
  return <span class={`avatar tone-${(name.length * 7 + (name.codePointAt(0) ?? 0)) % 4}`} aria-hidden="true">{bot ? <Icon name="bot" /> : initial}</span>;
}

function Content(p: BubbleProps) {
  const { t, parts } = useDesk();
  const { body } = p;
  if (body === null) return <div class="bubble recalled">{t.recalled}</div>;
  switch (p.kind) {
    case "image": return <Picture body={body} open={p.open} />;
    case "file": return <FileRow body={body} />;
    case "form":
    case "card": {
      if (p.kind === "card" && isQuickReplies(body)) break;
      const part = parts.get();
      if (part === undefined) return <div class="bubble">…</div>;
      return p.kind === "form" ? <part.Form mid={p.mid} body={body} answered={p.answered} /> : <part.Card body={body} live={p.live} open={p.open} />;
    }
  }
  const text = messageText(body, t);
  if (p.kind === "text" && onlyEmoji(text)) return <div class="text jumbo">{text}</div>;
  const part = p.bot && body["sources"] ? parts.get() : undefined;
  return <><div class="bubble text"><Rich text={text} /></div>{part && <part.Sources list={body["sources"]} />}</>;
}

/** One to three emoji and nothing else are shown large. */
function onlyEmoji(text: string): boolean {
  return text.length < 30 && /^(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*\s*){1,3}$/u.test(text);
}

export function Bubble(p: BubbleProps) {
  const { t, locale } = useDesk();
  const isText = p.kind === "text" || (p.kind === "card" && p.body !== null && isQuickReplies(p.body));
  const said = { "": "", sending: t.sending, sent: t.sent, delivered: t.delivered, read: t.read, failed: t.failed }[p.mark];
  return (
    <li class={`row${p.own ? " own" : ""}${p.first ? " first" : ""}${p.last ? " last" : ""}`}>
      {!p.own && <span class="gutter">{p.last && <Avatar name={p.name} bot={p.bot} />}</span>}
      <div class="stack" data-testid={isText && p.body !== null ? "message" : "row"}>
        {!p.own && p.first && <span class="who">{p.name}{p.bot && <span class="ai">{t.aiMark}</span>}</span>}
        <Content {...p} />
        {p.entry?.state === "failed"
          ? <Failed entry={p.entry} />
          : (p.last || p.mark !== "" || p.edited) && (
            <span class="meta">
              {p.edited && <>{t.edited} · </>}<time>{clockTime(p.time, locale)}</time>
              {said && <span class={`mark ${p.mark}`} data-testid="mark"><Icon name={p.mark === "sending" ? "clock" : p.mark === "sent" ? "check" : "checks"} />{said}</span>}
            </span>
          )}
      </div>
    </li>
  );
}

function Failed({ entry }: { entry: OutboxEntry }) {
  const { room, t } = useDesk();
  return (
    <span class="meta bad" role="alert">
      {t.failed}{str(entry.reason) === "" ? "" : `: ${entry.reason}`}
      <button type="button" class="link" onClick={() => void room.retry(entry.cmid)}>{t.retry}</button>
      <button type="button" class="link" onClick={() => room.discard(entry.cmid)}>{t.discard}</button>
    </span>
  );
}
