// Files on their way, over the box.

import { ActionIcon } from "@mantine/core";
import { fileSize } from "../../widget/text.ts";
import { say, useTexts } from "../i18n/index.ts";
import { IconFile, IconRefresh, IconX } from "../ui/icons.ts";
import css from "./composer.module.css";
import type { Uploads } from "./uploads.ts";

export function Files({ uploads }: { uploads: Uploads }) {
  const t = useTexts();
  if (uploads.list.length === 0) return null;
  return (
    <ul className={css.files} aria-label={t.conversation.uploads}>
      {uploads.list.map((u) => (
        <li key={u.id} data-state={u.state} data-testid="upload">
          <IconFile size={16} aria-hidden="true" />
          <span><b>{u.file.name}</b><small role={u.state === "failed" ? "alert" : undefined}>{u.state === "failed" ? u.reason : fileSize(u.file.size)}</small></span>
          {u.state === "failed" ? <ActionIcon size="sm" onClick={() => uploads.retry(u.id)} aria-label={t.conversation.retry}><IconRefresh size={15} /></ActionIcon>
            : <progress max={1} value={u.progress} aria-label={say(t.conversation.uploading, { name: u.file.name })} />}
          <ActionIcon size="sm" onClick={() => uploads.cancel(u.id)} aria-label={t.conversation.discard}><IconX size={15} /></ActionIcon>
        </li>
      ))}
    </ul>
  );
}
