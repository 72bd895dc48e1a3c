// Handing a conversation on: to an agent, or to a team's queue, with a word for whoever takes it.

import { Button, Modal, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Agent, Conversation } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { useNames } from "../inbox/names.ts";
import { useMe } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconUsersGroup } from "../ui/icons.ts";
import type { Actions } from "./actions.ts";
import css from "./conversation.module.css";

interface Props { c: Conversation; act: Actions; opened: boolean; close: () => void }
type To = { agent_id: string } | { team_id: string };

const order: Record<Agent["status"], number> = { online: 0, busy: 1, away: 2, offline: 3 };

export function Transfer({ c, act, opened, close }: Props) {
  const t = useTexts();
  const me = useMe();
  const names = useNames();
  const [word, setWord] = useState("");
  const [note, setNote] = useState("");
  const [to, setTo] = useState<To | null>(null);
  const fits = (name: string) => name.toLowerCase().includes(word.trim().toLowerCase());
  const agents = names.agents.filter((a) => a.id !== me.id && a.id !== c.assignee_id && !a.disabled && a.role !== "viewer" && fits(a.name)).sort((a, b) => order[a.status] - order[b.status] || a.name.localeCompare(b.name));
  const teams = names.teams.filter((x) => x.id !== c.team_id || c.assignee_id !== null).filter((x) => fits(x.name));
  const chosen = (key: "agent_id" | "team_id", id: string) => to !== null && (to as Record<string, string>)[key] === id;
  const end = () => {
    close();
    setWord("");
    setNote("");
    setTo(null);
  };
  const go = async () => {
    if (to !== null && (await act.run("POST /conversations/{id}/transfer", { path: { id: c.id }, body: { ...to, ...(note.trim() === "" ? {} : { note: note.trim() }) } }))) end();
  };
  return (
    <Modal opened={opened} onClose={end} title={t.conversation.transfer} closeButtonProps={{ "aria-label": t.shell.close }} data-testid="transfer-box">
      <TextInput value={word} onChange={(e) => setWord(e.target.value)} placeholder={t.conversation.findWho} aria-label={t.conversation.findWho} data-autofocus data-testid="transfer-find" />
      <div className={css.targets} role="radiogroup" aria-label={t.conversation.transfer}>
        {teams.map((x) => (
          <button key={x.id} type="button" role="radio" aria-checked={chosen("team_id", x.id)} onClick={() => setTo({ team_id: x.id })} data-testid="transfer-team">
            <span className={css.teamMark}><IconUsersGroup size={15} /></span><span>{x.name}<small>{t.conversation.teamQueue}</small></span>
          </button>
        ))}
        {agents.map((a) => (
          <button key={a.id} type="button" role="radio" aria-checked={chosen("agent_id", a.id)} onClick={() => setTo({ agent_id: a.id })} data-testid="transfer-agent">
            <Avatar name={a.name} id={a.id} size={28} status={a.status} /><span>{a.name}<small>{t.shell[a.status]}</small></span>
          </button>
        ))}
        {agents.length + teams.length === 0 && <p>{t.conversation.nobodyFits}</p>}
      </div>
      <Textarea label={t.conversation.transferNote} value={note} onChange={(e) => setNote(e.target.value)} maxLength={500} rows={2} data-testid="transfer-note" />
      <div className={css.foot}>
        <Button variant="default" onClick={end}>{t.shell.cancel}</Button>
        <Button onClick={() => void go()} disabled={to === null} loading={act.busy} data-testid="transfer-go">{t.conversation.transferGo}</Button>
      </div>
    </Modal>
  );
}
