// Something to be copied, and secrets that are shown once.

import { Button, Modal, Tooltip, ActionIcon, Checkbox } from "@mantine/core";
import { useRef, useState } from "react";
import { useTexts } from "../../i18n/index.ts";
import { IconCheck, IconCopy } from "../../ui/icons.ts";
import css from "../settings.module.css";

/** Puts a text into the clipboard; pages without https have the old way only, which needs the text on the screen. */
async function copy(text: string, shown: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown === null) return false;
    const range = document.createRange();
    range.selectNodeContents(shown);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
    return document.execCommand("copy");
  }
}

export function Copyable({ text, label, lines, testid }: { text: string; label: string; lines?: boolean; testid?: string }) {
  const t = useTexts().shell;
  const [done, setDone] = useState(false);
  const shown = useRef<HTMLElement>(null);
  const press = () => {
    void copy(text, shown.current).then((ok) => {
      setDone(ok);
      window.setTimeout(() => setDone(false), 1600);
    });
  };
  return (
    <div className={css.copyable} data-lines={lines === true}>
      <code ref={shown} tabIndex={0} aria-label={label} data-testid={testid}>{text}</code>
      <Tooltip label={done ? t.copied : t.copy}>
        <ActionIcon onClick={press} aria-label={`${t.copy}: ${label}`} variant="default">{done ? <IconCheck size={16} /> : <IconCopy size={16} />}</ActionIcon>
      </Tooltip>
      <span className={css.unseen} role="status">{done ? t.copied : ""}</span>
    </div>
  );
}

/** Shows what is not shown again: it closes once somebody says that it is kept. */
export function Once({ title, text, secret, close }: { title: string; text: string; secret: string | readonly string[] | null; close: () => void }) {
  const t = useTexts().settings.once;
  const [kept, setKept] = useState(false);
  const end = () => {
    setKept(false);
    close();
  };
  return (
    <Modal opened={secret !== null} onClose={end} title={title} closeOnClickOutside={false} closeOnEscape={false} withCloseButton={false} zIndex={450}>
      <p className={css.plain}>{text}</p>
      <Copyable text={secret === null ? "" : typeof secret === "string" ? secret : secret.join("\n")} label={title} lines={Array.isArray(secret)} testid="secret" />
      <Checkbox mt="md" label={t.kept} checked={kept} onChange={(e) => setKept(e.currentTarget.checked)} data-testid="kept" />
      <div className={css.buttons}><Button onClick={end} disabled={!kept} data-testid="once-close">{t.close}</Button></div>
    </Modal>
  );
}
