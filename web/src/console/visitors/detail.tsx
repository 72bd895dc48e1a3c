// One visitor of the live board, beside it: what it looks at, what is in its cart, and how to talk to it.

import { Button, Drawer, Tooltip } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { call } from "../api/client.ts";
import { refresh, useGet } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { duration, useNow } from "../i18n/time.ts";
import { useMe } from "../live/live.ts";
import { IconMessage, IconMessagePlus, IconUser } from "../ui/icons.ts";
import { tellProblem } from "../ui/problem.tsx";
import type { BoardRow } from "./board.ts";
import { pathOf, safeLink } from "./steps.ts";
import { Shopping, Trail } from "./trail.tsx";
import css from "./visitors.module.css";
import { nameOf, Who } from "./who.tsx";

export function Detail({ row, close }: { row: BoardRow | null; close: () => void }) {
  const t = useTexts();
  return (
    <Drawer opened={row !== null} onClose={close} position="right" size={420} title={row === null ? "" : say(t.visitors.details, { name: nameOf(row, t) })} closeButtonProps={{ "aria-label": t.shell.close }}>
      {row !== null && <Inside row={row} />}
    </Drawer>
  );
}

function Inside({ row }: { row: BoardRow }) {
  const t = useTexts();
  const v = t.visitors;
  const now = useNow();
  // Who came at this moment or later, the earliest first: the visitor is the first one, or among those of the same moment.
  const q = useGet("/visitors/online", { query: { since: row.since, sort: "since", order: "asc", limit: 20 } }, { every: 10_000, keep: true });
  const whole = q.data?.data.find((x) => x.id === row.id);
  const last = useGet("/conversations", { query: { visitor: row.id, limit: 1 } });
  const link = safeLink(row.page);
  return (
    <div className={css.wide} data-testid="detail">
      <Who v={row} text={row.email || row.external_id || undefined} />
      <div className={css.badges}><Talk row={row} last={last.data?.data[0] ?? null} />{(last.data?.data.length ?? 0) > 0 && <Button variant="default" leftSection={<IconUser size={15} />} component={Link} href={`/visitors/${row.id}`} data-testid="profile">{v.profile}</Button>}</div>
      <dl className={css.facts}>
        <dt>{v.status}</dt><dd><span className={css.state} data-state={row.state}>{v.state[row.state]}</span></dd>
        <dt>{v.page}</dt><dd dir="ltr">{link === "" ? row.page : <a href={link} target="_blank" rel="noopener noreferrer">{pathOf(row.page)}</a>}</dd>
        <dt>{v.pages}</dt><dd>{row.pages}</dd>
        <dt>{v.here}</dt><dd>{duration(Math.max(0, now - Date.parse(row.since)))}</dd>
        <dt>{v.locale}</dt><dd>{row.locale}</dd>
      </dl>
      <div><Shopping trail={whole === undefined ? [] : [...(whole.cart === null ? [] : [{ id: "cart", name: "cart_updated" as const, data: whole.cart, at: whole.last_seen_at }]), ...whole.trail.filter((e) => e.name === "order_placed")]} /></div>
      <div><h3 className={css.sub}>{v.trail}</h3>{whole === undefined || whole.trail.length === 0 ? <p className={css.soft}>{v.noTrail}</p> : <Trail trail={whole.trail} />}</div>
    </div>
  );
}

/** Leads to the conversation that there is, or takes the last one up again. */
function Talk({ row, last }: { row: BoardRow; last: Conversation | null }) {
  const t = useTexts();
  const v = t.visitors;
  const me = useMe();
  const [, go] = useLocation();
  const [busy, setBusy] = useState(false);
  // The row may still name a conversation that is closed: only the conversation itself says.
  const open = last !== null && last.status !== "closed" ? last.id : row.state === "idle" ? null : row.conversation_id;
  if (open !== null) return <Button leftSection={<IconMessage size={15} />} component={Link} href={`/inbox/${open}?view=all`} data-testid="open-chat">{v.openChat}</Button>;
  if (me.role === "viewer") return null;
  const invite = async () => {
    if (last === null) return;
    setBusy(true);
    try {
      await call("POST /conversations/{id}/reopen", { path: { id: last.id } });
      await call("POST /conversations/{id}/assign", { path: { id: last.id }, body: { agent_id: me.id } });
      refresh("/conversations");
      go(`/inbox/${last.id}`);
    } catch (e) {
      tellProblem(e);
    } finally {
      setBusy(false);
    }
  };
  return <Tooltip label={last === null ? v.inviteNever : v.inviteText} multiline w={260}><Button leftSection={<IconMessagePlus size={15} />} loading={busy} data-disabled={last === null || undefined} aria-disabled={last === null} onClick={() => void invite()} data-testid="invite">{v.invite}</Button></Tooltip>;
}
