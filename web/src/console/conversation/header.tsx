// A conversation's head: who it is with, how it stands, what can be done with it.

import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useState } from "react";
import type { Conversation } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { useNames, visitorName } from "../inbox/names.ts";
import { useMe } from "../live/live.ts";
import { useCommands, type Command } from "../shell/commands.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconCheck, IconChevronLeft, IconFlagFilled, IconHeadphones, IconInfoCircle, IconUserShare } from "../ui/icons.ts";
import { useActions } from "./actions.ts";
import css from "./conversation.module.css";
import { Lookers } from "./lookers.tsx";
import { Labels, More, Snooze } from "./menus.tsx";
import { Transfer } from "./transfer.tsx";

interface Props { c: Conversation; lookers: readonly string[]; back: () => void; /** Something was done that may take it out of sight. */ acted: () => void; panel: boolean; togglePanel: () => void }

/** Leads back to the list where that is not beside the conversation. */
export function Back({ run }: { run: () => void }) {
  const t = useTexts();
  return <ActionIcon className={css.back} onClick={run} aria-label={t.shell.back} data-testid="back"><IconChevronLeft size={20} /></ActionIcon>;
}

export function Header({ c, lookers, back, acted, panel, togglePanel }: Props) {
  const t = useTexts();
  const me = useMe();
  const names = useNames();
  const act = useActions(c, acted);
  const [transfer, setTransfer] = useState(false);
  const [picking, setPicking] = useState<"labels" | "snooze" | null>(null);
  const phone = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const pick = (what: "labels" | "snooze") => ({ opened: picking === what, change: (o: boolean) => setPicking(o ? what : null), phone });
  const whose = c.assignee_id === null ? "" : c.assignee_id === me.id ? t.shell.you : names.agent(c.assignee_id);
  const { can } = act;
  const key = (may: boolean, id: string, name: string, keys: string, run: () => void): Command[] => (may ? [{ id, group: "conversation", name, keys, run }] : []);
  useCommands([
    ...key(can.accept, "accept", t.conversation.accept, "a", act.accept),
    ...key(can.takeOver, "take-over", t.conversation.takeOver, "a", act.takeOver),
    ...key(can.close, "close", t.conversation.close, "e", act.close),
    ...key(can.reopen, "reopen", t.conversation.reopen, "e", act.reopen),
    ...key(can.transfer, "transfer", t.conversation.transfer, "t", () => setTransfer(true)),
    { id: "panel", group: "conversation", name: t.panel.title, keys: "i", run: togglePanel },
    { id: "back", group: "conversation", name: t.inbox.toList, keys: "Escape", hidden: true, run: back },
  ]);
  return (
    <>
      <header className={css.head}>
        <Back run={back} />
        <Avatar name={visitorName(c, t)} id={c.visitor_id} size={32} />
        <div className={css.title}>
          <h2 data-testid="title">{visitorName(c, t)}</h2>
          <p>
            <span className={css.state} data-testid="state" data-status={c.status}>{t.conversation.status[c.status]}</span>
            {c.priority > 0 && <IconFlagFilled size={12} color="var(--u-danger)" aria-label={t.inbox.urgent} />}
            {whose !== "" && <span data-testid="assignee">{whose}</span>}{c.team_id !== null && <span>{names.team(c.team_id)}</span>}
            <span className={css.tags}>{c.labels.map((l) => <span key={l} className={css.tag} data-testid="label"><i className={css.labelDot} style={{ background: names.colour(l), margin: 0, width: 7, height: 7 }} />{l}</span>)}</span>
          </p>
        </div>
        <Lookers all={lookers} />
        <div className={css.actions}>
          {can.write && <Labels c={c} act={act} {...pick("labels")} />}
          {can.snooze && <Snooze c={c} act={act} {...pick("snooze")} />}
          {can.transfer && <Tooltip label={t.conversation.transfer}><ActionIcon className={css.wide} onClick={() => setTransfer(true)} aria-label={t.conversation.transfer} data-testid="transfer"><IconUserShare size={18} /></ActionIcon></Tooltip>}
          <More c={c} act={act} transfer={() => setTransfer(true)} pick={phone ? setPicking : undefined} />
          <Tooltip label={t.panel.title}><ActionIcon onClick={togglePanel} variant={panel ? "light" : "subtle"} color={panel ? "brand" : "gray"} aria-pressed={panel} aria-label={t.panel.title} data-testid="panel-toggle"><IconInfoCircle size={18} /></ActionIcon></Tooltip>
          {can.accept && <Button onClick={act.accept} loading={act.busy} data-testid="accept">{t.conversation.accept}</Button>}
          {can.takeOver && <Button variant="default" onClick={act.takeOver} loading={act.busy} data-testid="assign">{t.conversation.takeOver}</Button>}
          {can.close && !can.accept && <Button variant="default" leftSection={<IconCheck size={15} />} onClick={act.close} loading={act.busy} data-testid="close">{t.conversation.close}</Button>}
          {can.reopen && <Button variant="default" onClick={act.reopen} loading={act.busy} data-testid="reopen">{t.conversation.reopen}</Button>}
        </div>
      </header>
      {c.status === "open" && c.assignee_id !== null && c.assignee_id !== me.id && <p className={css.strip} role="note" data-testid="listening"><IconHeadphones size={15} />{say(t.conversation.listening, { name: whose || t.conversation.agent })}</p>}
      {c.status === "snoozed" && <p className={css.strip} data-kind="snoozed" role="note" data-testid="snoozed">{c.snoozed_until === null ? t.conversation.snoozedVisitor : say(t.conversation.snoozedUntil, { time: moment(Date.parse(c.snoozed_until)) })}</p>}
      {can.transfer && <Transfer c={c} act={act} opened={transfer} close={() => setTransfer(false)} />}
    </>
  );
}
