// What is to be said: a reply to the visitor, or a note for the team.

import { ActionIcon, SegmentedControl } from "@mantine/core";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { realClock } from "../../shared/clock.ts";
import { onEnter } from "../../shared/enter.ts";
import { cleanText } from "../../shared/packets.ts";
import { TypingReporter } from "../../shared/typists.ts";
import type { Conversation } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { useLive } from "../live/live.ts";
import { IconSend } from "../ui/icons.ts";
import { useActions } from "./actions.ts";
import css from "./conversation.module.css";
import { loadDraft, saveDraft } from "./drafts.ts";

export type Mode = "reply" | "note";

export function Composer({ c, sent }: { c: Conversation; sent: () => void }) {
  const t = useTexts();
  const { client } = useLive();
  const { can } = useActions(c);
  const [mode, setMode] = useState<Mode>("reply");
  const [text, setText] = useState(() => loadDraft(c.id));
  const box = useRef<HTMLTextAreaElement>(null);
  const typing = useMemo(() => new TypingReporter(realClock, (state, preview) => client.typing(c.id, state, preview)), [client, c.id]);
  useEffect(() => () => typing.stop(), [typing]);
  useEffect(() => saveDraft(c.id, text), [c.id, text]);

  const send = () => {
    const clean = cleanText(text).trim();
    if (clean === "") return;
    typing.stop();
    client.send(c.id, "text", { text: clean }, mode === "note" ? "internal" : "public");
    setText("");
    sent();
  };
  const latest = useRef(send);
  latest.current = send;
  const bound = useRef(false);
  useEffect(() => {
    if (!bound.current) onEnter(box.current!, () => latest.current());
    bound.current = true;
  }, []);
  useLayoutEffect(() => {
    const el = box.current!;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, 220)}px`;
  }, [text]);

  const note = mode === "note";
  return (
    <form className={css.composer} data-mode={mode} onSubmit={(e) => { e.preventDefault(); send(); }}>
      <textarea ref={box} className={css.box} rows={1} maxLength={20_000} value={text} disabled={!can.write} dir="auto" data-testid="answer" aria-label={note ? t.conversation.note : t.conversation.message}
        placeholder={!can.write ? t.conversation.viewer : note ? t.conversation.writeNote : t.conversation.write}
        onChange={(e) => {
          setText(e.target.value);
          if (!note) typing.input(e.target.value);
        }} />
      <div className={css.tools}>
        <SegmentedControl value={mode} onChange={(m) => { setMode(m as Mode); typing.stop(); box.current?.focus(); }} disabled={!can.write} data={[{ value: "reply", label: t.conversation.reply }, { value: "note", label: t.conversation.note }]} data-testid="mode" />
        <span className={css.space} />
        <ActionIcon type="submit" variant="filled" color="brand" size="lg" disabled={!can.write || text.trim() === ""} aria-label={t.conversation.send} data-testid="send"><IconSend size={17} /></ActionIcon>
      </div>
    </form>
  );
}
