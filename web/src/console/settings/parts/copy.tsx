// Something to be copied, and secrets that are shown once.

import { Button, Modal, Tooltip, ActionIcon, Checkbox } from "@mantine/core";
import { useState } from "react";
import { useTexts } from "../../i18n/index.ts";
import { useCopy } from "../../ui/copy.ts";
import { IconCheck, IconCopy } from "../../ui/icons.ts";
import css from "../settings.module.css";

export function Copyable({ text, label, lines, testid }: { text: string; label: string; lines?: boolean; testid?: string }) {
  const t = useTexts().shell;
  const { copied, copy } = useCopy(text);
  return (
    <div className={css.copyable} data-lines={lines === true}>
      <code tabIndex={0} aria-label={label} data-testid={testid}>{text}</code>
      <Tooltip label={copied ? t.copied : t.copy}>
        <ActionIcon onClick={copy} aria-label={`${t.copy}: ${label}`} variant="default">{copied ? <IconCheck size={16} /> : <IconCopy size={16} />}</ActionIcon>
      </Tooltip>
      <span className={css.unseen} role="status">{copied ? t.copied : ""}</span>
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
