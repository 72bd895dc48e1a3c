// A conversation's head: who it is with, how it stands, what can be done with it.

import { ActionIcon, Badge, Button } from "@mantine/core";
import type { Conversation } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { useNames, visitorName } from "../inbox/names.ts";
import { useMe } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconCheck, IconChevronLeft } from "../ui/icons.ts";
import { useActions } from "./actions.ts";
import css from "./conversation.module.css";

const colours = { queued: "yellow", open: "brand", bot: "blue", snoozed: "grape", closed: "gray" } as const;

export function Header({ c, back }: { c: Conversation; back: () => void }) {
  const t = useTexts();
  const me = useMe();
  const names = useNames();
  const act = useActions(c);
  const whose = c.assignee_id === null ? "" : c.assignee_id === me.id ? t.shell.you : names.agent(c.assignee_id);
  return (
    <header className={css.head}>
      <ActionIcon className={css.back} onClick={back} aria-label={t.shell.back} data-testid="back"><IconChevronLeft size={20} /></ActionIcon>
      <Avatar name={visitorName(c, t)} id={c.visitor_id} size={32} />
      <div className={css.title}>
        <h2 data-testid="title">{visitorName(c, t)}</h2>
        <p><Badge color={colours[c.status]} data-testid="state" data-status={c.status}>{t.conversation.status[c.status]}</Badge>{whose !== "" && <span data-testid="assignee">{whose}</span>}{c.team_id !== null && <span>{names.team(c.team_id)}</span>}</p>
      </div>
      <div className={css.actions}>
        {act.can.accept && <Button onClick={act.accept} loading={act.busy} data-testid="accept">{t.conversation.accept}</Button>}
        {act.can.takeOver && <Button variant="default" onClick={act.takeOver} loading={act.busy} data-testid="assign">{t.conversation.takeOver}</Button>}
        {act.can.close && <Button variant="default" leftSection={<IconCheck size={15} />} onClick={act.close} loading={act.busy} data-testid="close">{t.conversation.close}</Button>}
        {act.can.reopen && <Button variant="default" onClick={act.reopen} loading={act.busy} data-testid="reopen">{t.conversation.reopen}</Button>}
      </div>
    </header>
  );
}
