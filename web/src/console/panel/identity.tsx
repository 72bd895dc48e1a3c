// The visitor as the rest of the console knows it: its id, its page, and whether it may write.

import { ActionIcon, Badge, Button, Modal, Textarea, Tooltip } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { call } from "../api/client.ts";
import { refresh } from "../api/query.ts";
import type { Person } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useMay } from "../settings/access.ts";
import { useCopy } from "../ui/copy.ts";
import { IconBan, IconCheck, IconCopy } from "../ui/icons.ts";
import { tellDone, tellProblem } from "../ui/problem.tsx";
import css from "./panel.module.css";

export function Identity({ p, name }: { p: Person; name: string }) {
  const t = useTexts();
  const leads = useMay("leads");
  const { copied, copy } = useCopy(p.id);
  return (
    <div className={css.identity}>
      <Link href={`/visitors/${p.id}`} data-testid="visitor-page">{t.panel.page}</Link>
      <Tooltip label={copied ? t.shell.copied : t.shell.copy}>
        <button type="button" className={css.id} onClick={copy} aria-label={`${t.shell.copy}: ${p.id}`} data-testid="visitor-id" data-copied={copied}><code>{p.id}</code>{copied ? <IconCheck size={13} /> : <IconCopy size={13} />}</button>
      </Tooltip>
      {p.blocked && <Badge color="red" data-testid="blocked">{t.visitors.blocked}</Badge>}
      {leads && p.erased_at === null && <Block p={p} name={name} />}
    </div>
  );
}

/** Keeps the visitor from writing, or lifts that, once asked. */
function Block({ p, name }: { p: Person; name: string }) {
  const t = useTexts();
  const s = t.settings.blocklist;
  const [asked, setAsked] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      if (p.blocked) await lift(p.id);
      else await call("POST /blocklist", { body: { kind: "visitor", value: p.id, reason: reason.trim() } });
      setAsked(false);
      setReason("");
      tellDone(t.shell.done);
    } catch (e) {
      tellProblem(e);
    } finally {
      setBusy(false);
      refresh("/blocklist", "/visitors");
    }
  };
  return (
    <>
      {p.blocked ? <Button size="compact-xs" variant="default" onClick={() => setAsked(true)} data-testid="unblock">{t.panel.unblock}</Button>
        : <ActionIcon size="sm" color="red" onClick={() => setAsked(true)} aria-label={t.panel.block} title={t.panel.block} data-testid="block"><IconBan size={15} /></ActionIcon>}
      <Modal opened={asked} onClose={() => setAsked(false)} title={say(p.blocked ? t.panel.unblockTitle : t.panel.blockTitle, { name })} size="sm" closeButtonProps={{ "aria-label": t.shell.close }}>
        <p className={css.ask}>{p.blocked ? s.liftText : t.panel.blockText}</p>
        {!p.blocked && <Textarea label={s.reason} description={s.reasonText} value={reason} onChange={(e) => setReason(e.target.value)} maxLength={500} rows={2} data-testid="block-reason" />}
        <div className={css.answers}>
          <Button variant="default" onClick={() => setAsked(false)}>{t.shell.cancel}</Button>
          <Button color={p.blocked ? "brand" : "red"} onClick={() => void go()} loading={busy} data-testid="block-go">{p.blocked ? s.lift : t.panel.blockGo}</Button>
        </div>
      </Modal>
    </>
  );
}

/** Takes a visitor off the blocklist. */
async function lift(visitor: string): Promise<void> {
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: { data: readonly { id: string; kind: string; value: string }[]; next_cursor: string | null } = await call("GET /blocklist", { query: { limit: 200, ...(cursor === "" ? {} : { cursor }) } });
    for (const b of page.data) if (b.kind === "visitor" && b.value === visitor) await call("DELETE /blocklist/{id}", { path: { id: b.id } });
    cursor = page.next_cursor;
  }
}
