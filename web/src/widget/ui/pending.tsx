// A file on its way up: a picture of it, how far it is, and what can be done about it.

import type { Upload } from "../uploads.ts";
import { fileSize } from "../text.ts";
import { format } from "../../shared/i18n/index.ts";
import { useCountdown, useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { useWords } from "./words.ts";

export function Pending({ upload: u }: { upload: Upload }) {
  const { uploads, t } = useDesk();
  const w = useWords();
  const left = useCountdown(u.state === "waiting" ? u.until : 0);
  const why = u.code.includes("too_large") ? w.tooLarge : u.code === "offline" ? w.uploadFailed : u.reason || w.uploadFailed;
  const percent = Math.round(u.progress * 100);
  return (
    <li class="row own first last">
      <div class="stack" data-testid="upload">
        <div class={`file sending${u.state === "failed" ? " failed" : ""}`}>
          <span class="file-icon">{u.preview === "" ? <Icon name="file" /> : <img src={u.preview} alt="" />}</span>
          <span class="file-text">
            <b>{u.file.name}</b>
            {u.state === "failed" ? <small class="bad" role="alert">{why}</small> : left > 0 ? <small>{format(w.uploadWait, { seconds: left })}</small> : <small>{u.state === "sending" ? `${percent} %` : fileSize(u.file.size)}</small>}
            <progress max={100} value={u.state === "sending" ? percent : 0} aria-label={format(w.upload, { name: u.file.name })} />
          </span>
          {u.state === "failed" && u.code !== "file_too_large" && <button type="button" class="link" onClick={() => uploads.retry(u.id)}>{t.retry}</button>}
          <button type="button" class="round small" aria-label={`${w.cancel}: ${u.file.name}`} data-testid="cancel-upload" onClick={() => uploads.cancel(u.id)}><Icon name="close" /></button>
        </div>
      </div>
    </li>
  );
}
