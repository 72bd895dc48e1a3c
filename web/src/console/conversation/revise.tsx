// What can be done with one message: copy it, edit it, take it back, within the time that the server allows.

import { ActionIcon, Button, Menu } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { cleanText, type Body, type Message } from "../../shared/packets.ts";
import { call } from "../api/client.ts";
import type { Agent } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { useMe } from "../live/live.ts";
import { copyText } from "../ui/copy.ts";
import { IconCopy, IconDots, IconPencil, IconTrash } from "../ui/icons.ts";
import { Length, longest } from "../ui/length.tsx";
import { tellProblem } from "../ui/problem.tsx";
import { str } from "../../widget/text.ts";
import css from "./conversation.module.css";

/** How long a message can be changed by whoever wrote it (chat.ReviseWithin). */
const reviseWithin = 15 * 60_000;

/** What somebody may do with a message now. */
export function mayRevise(m: Pick<Message, "sender" | "kind" | "time">, me: Pick<Agent, "id" | "role">, now: number): { edit: boolean; recall: boolean } {
  const writes = me.role !== "viewer";
  const own = writes && m.sender === me.id && now - m.time < reviseWithin;
  return { edit: own && m.kind === "text", recall: own || (writes && me.role !== "agent") };
}

export function Tools({ message: m, body, edit }: { message: Message; body: Body; edit: () => void }) {
  const t = useTexts();
  const me = useMe();
  const [opened, setOpened] = useState(false);
  const may = opened ? mayRevise(m, me, Date.now()) : { edit: false, recall: false };
  const text = str(body["text"]);
  return (
    <span className={css.tools} data-open={opened}>
      <Menu opened={opened} onChange={setOpened} position="bottom" width={190}>
        <Menu.Target><ActionIcon size="sm" aria-label={t.conversation.messageMenu} data-testid="message-menu"><IconDots size={15} /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          {text !== "" && <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => void copyText(text)}>{t.shell.copy}</Menu.Item>}
          {may.edit && <Menu.Item leftSection={<IconPencil size={15} />} onClick={edit} data-testid="edit">{t.shell.edit}</Menu.Item>}
          {may.recall && <Menu.Item color="var(--u-danger)" leftSection={<IconTrash size={15} />} onClick={() => void recall(m)} data-testid="recall">{t.conversation.recall}</Menu.Item>}
          {!may.edit && !may.recall && <Menu.Label>{t.conversation.tooLate}</Menu.Label>}
        </Menu.Dropdown>
      </Menu>
    </span>
  );
}

async function recall(m: Message): Promise<void> {
  await call("DELETE /conversations/{id}/messages/{mid}", { path: { id: m.conv, mid: m.mid } }).catch(tellProblem);
}

export function Edit({ message: m, body, close }: { message: Message; body: Body; close: () => void }) {
  const t = useTexts();
  const [text, setText] = useState(str(body["text"]));
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(text.length, text.length);
  }, []);
  const over = text.trim().length > longest;
  const save = async () => {
    const clean = cleanText(text).trim();
    if (over) return;
    if (clean === "" || clean === str(body["text"])) return close();
    setBusy(true);
    try {
      await call("PATCH /conversations/{id}/messages/{mid}", { path: { id: m.conv, mid: m.mid }, body: { body: { ...body, text: clean } } });
      close();
    } catch (e) {
      tellProblem(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={css.edit}>
      <textarea ref={box} value={text} rows={Math.min(8, text.split("\n").length + 1)} aria-invalid={over} dir="auto" aria-label={t.conversation.editing} onChange={(e) => setText(e.target.value)} data-testid="edit-box"
        onKeyDown={(e) => {
          if (e.key === "Escape") close();
          else if (e.key === "Enter" && !e.shiftKey && !e.nativeEvent.isComposing) {
            e.preventDefault();
            void save();
          }
        }} />
      <div><Button size="compact-xs" variant="default" onClick={close}>{t.shell.cancel}</Button> <Button size="compact-xs" loading={busy} disabled={over} onClick={() => void save()} data-testid="edit-save">{t.shell.save}</Button> <Length n={text.trim().length} most={longest} /></div>
    </div>
  );
}
