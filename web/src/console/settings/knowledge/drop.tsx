// Files into the knowledge base: a button, a place to drop them, and what becomes of each.

import { ActionIcon, Button, Progress } from "@mantine/core";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Link } from "wouter";
import { fileSize } from "../../../widget/text.ts";
import { say, useTexts } from "../../i18n/index.ts";
import { IconAlertCircle, IconCircleCheck, IconFileText, IconRefresh, IconUpload, IconX } from "../../ui/icons.ts";
import { reread } from "./data.ts";
import { accepted, Files, toServer, useFiles, type Added } from "./files.ts";
import css from "./knowledge.module.css";

/** All files that this page adds. */
const files = new Files(toServer, reread);

/** The button that opens the browser's choice of files. */
export function Choose() {
  const t = useTexts().knowledge;
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <input ref={field} type="file" hidden multiple accept={accepted} aria-label={t.list.upload} data-testid="knowledge-files" onChange={(e) => { files.add([...(e.currentTarget.files ?? [])]); e.currentTarget.value = ""; }} />
      <Button variant="default" leftSection={<IconUpload size={16} />} onClick={() => field.current?.click()} title={t.files.kinds} aria-label={t.list.upload} classNames={{ section: css.sign ?? "" }} data-testid="upload"><span className={css.word}>{t.list.upload}</span></Button>
    </>
  );
}

/** Takes files that are dropped anywhere on the page. */
export function Drop({ on, children }: { on: boolean; children: ReactNode }) {
  const t = useTexts().knowledge;
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!on) return undefined;
    let depth = 0;
    const has = (e: DragEvent) => e.dataTransfer?.types.includes("Files") === true;
    const move = (by: number) => (e: DragEvent) => {
      if (!has(e)) return;
      depth += by;
      setOver(depth > 0);
    };
    const enter = move(1), leave = move(-1);
    const allow = (e: DragEvent) => {
      if (has(e)) e.preventDefault();
    };
    const drop = (e: DragEvent) => {
      if (!has(e)) return;
      e.preventDefault();
      depth = 0;
      setOver(false);
      files.add([...(e.dataTransfer?.files ?? [])]);
    };
    const all = [["dragenter", enter], ["dragleave", leave], ["dragover", allow], ["drop", drop]] as const;
    for (const [name, f] of all) window.addEventListener(name, f);
    return () => {
      for (const [name, f] of all) window.removeEventListener(name, f);
    };
  }, [on]);
  return <>{children}{over && <div className={css.drop} aria-hidden="true"><span><IconUpload size={22} />{t.list.drop}</span></div>}</>;
}

/** What becomes of the files. */
export function Progresses() {
  const t = useTexts().knowledge.files;
  const list = useFiles(files);
  if (list.length === 0) return null;
  const idle = list.some((a) => a.state === "done" || a.state === "failed");
  return (
    <section className={css.files} aria-label={t.title} data-testid="files">
      <header><h2>{t.title}</h2>{idle && <Button variant="subtle" color="gray" onClick={() => files.clear()} data-testid="files-clear">{t.clear}</Button>}</header>
      <ul>{list.map((a) => <One key={a.id} added={a} />)}</ul>
    </section>
  );
}

function One({ added: a }: { added: Added }) {
  const t = useTexts();
  const s = t.knowledge.files;
  const Icon = a.state === "done" ? IconCircleCheck : a.state === "failed" ? IconAlertCircle : IconFileText;
  const percent = Math.round(a.progress * 100);
  const said = { waiting: s.waiting, sending: percent < 100 ? say(s.sending, { n: percent }) : s.reading, done: s.done, failed: a.reason }[a.state];
  return (
    <li data-testid="file" data-state={a.state}>
      <Icon size={18} aria-hidden="true" />
      <span className={css.fileText}>
        <b dir="auto">{a.file.name}</b>
        <span role={a.state === "failed" ? "alert" : undefined}>{said}{a.state !== "failed" && ` · ${fileSize(a.file.size)}`}</span>
        {a.state === "sending" && <Progress value={percent} animated={percent === 100} size="xs" aria-label={say(s.progress, { name: a.file.name })} />}
      </span>
      {a.document !== null && <Link href={`/knowledge/${a.document.id}`}>{s.open}</Link>}
      {a.state === "failed" && a.file.size > 0 && a.reason !== s.unreadable && <ActionIcon onClick={() => files.retry(a.id)} aria-label={`${s.retry}: ${a.file.name}`} data-testid="file-retry"><IconRefresh size={16} /></ActionIcon>}
      {a.state !== "done" && <ActionIcon onClick={() => files.drop(a.id)} aria-label={say(s.cancel, { name: a.file.name })} title={t.shell.close} data-testid="file-drop"><IconX size={16} /></ActionIcon>}
    </li>
  );
}
