// One visitor of the live board, beside it: what it looks at, what is in its cart, and how to talk to it.

import { Button, Drawer, Tooltip } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { call } from "../api/client.ts";
import { refresh, useGet } from "../api/query.ts";
import type { Conversation, OnlineVisitor } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { duration, useNow } from "../i18n/time.ts";
import { useMe } from "../live/live.ts";
import { IconMessage, IconMessagePlus, IconUser } from "../ui/icons.ts";
import { Failed, tellProblem } from "../ui/problem.tsx";
import type { BoardRow, Opened } from "./board.ts";
import { pathOf, safeLink } from "./steps.ts";
import { Shopping, Trail } from "./trail.tsx";
import css from "./visitors.module.css";
import { nameOf, Who } from "./who.tsx";

/** row: as the board has it; null if it is not among the rows that are told of. */
export function Detail({ at, row, close }: { at: Opened | null; row: BoardRow | null; close: () => void }) {
  const t = useTexts();
  const who = row ?? (at === null ? null : { id: at.id, name: "", email: "" });
  return (
    <Drawer opened={at !== null} onClose={close} position="right" size={420} title={who === null ? "" : say(t.visitors.details, { name: nameOf(who, t) })} closeButtonProps={{ "aria-label": t.shell.close }}>
      {at !== null && <Found key={at.id} at={at} row={row} />}
    </Drawer>
  );
}

function Found({ at, row }: { at: Opened; row: BoardRow | null }) {
  const t = useTexts();
  const since = row?.since ?? at.since;
  // Who came at this moment or later, the earliest first: the visitor is the first one, or among those of the same moment.
  const q = useGet("/visitors/online", { query: { since, sort: "since", order: "asc", limit: 20 } }, { enabled: since !== "", every: 3_000, keep: true });
  const whole = q.data?.data.find((x) => x.id === at.id);
  const shown = row ?? (whole === undefined ? null : { ...whole, has_cart: whole.cart !== null });
  const left = q.isSuccess && !q.isPlaceholderData && whole === undefined; // the row may be an old one
  if (shown !== null && !left) return <Inside row={shown} whole={whole} />;
  if (q.isError) return <Failed error={q.error} again={() => void q.refetch()} />;
  return !left ? null : <p className={css.soft} data-testid="left">{t.visitors.left}</p>;
}

function Inside({ row, whole }: { row: BoardRow; whole: OnlineVisitor | undefined }) {
  const t = useTexts();
  const v = t.visitors;
  const now = useNow();
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
