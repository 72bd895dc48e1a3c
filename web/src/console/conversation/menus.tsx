// What else can be done with a conversation: priority, labels, putting it aside, handing it on, its transcript.

import { ActionIcon, Checkbox, Menu, Modal, Popover, TextInput, Tooltip } from "@mantine/core";
import { useState } from "react";
import { SummaryModal } from "../ai/summary.tsx";
import { download } from "../api/client.ts";
import { useGet } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { date, moment } from "../i18n/time.ts";
import { useLabels, visitorName } from "../inbox/names.ts";
import { useLive } from "../live/live.ts";
import { useCommands } from "../shell/commands.ts";
import { copyText } from "../ui/copy.ts";
import { IconAlarmSnooze, IconArrowBackUp, IconDotsVertical, IconDownload, IconLink, IconMailForward, IconRobot, IconSparkles, IconTag, IconUser, IconUserShare } from "../ui/icons.ts";
import { tellDone, tellProblem } from "../ui/problem.tsx";
import type { Actions } from "./actions.ts";
import css from "./conversation.module.css";
import { levelOf, levels, priorities, type Level } from "./priority.ts";
import { snoozes } from "./snooze.ts";

const most = 100; // labels that are shown at once: a word finds the others

interface Props { c: Conversation; act: Actions }

/** A choice that the header opens: by a button of its own, or on a phone out of "More". */
export interface Pick { opened: boolean; change: (opened: boolean) => void; phone: boolean }

export function Labels({ c, act, opened, change, phone }: Props & Pick) {
  const t = useTexts();
  useCommands([{ id: "labels", group: "conversation", name: t.conversation.labels, keys: "l", run: () => change(true) }]);
  if (phone) return <Modal opened={opened} onClose={() => change(false)} title={t.conversation.labels} closeButtonProps={{ "aria-label": t.shell.close }}><LabelChoices c={c} act={act} /></Modal>;
  return (
    <Popover opened={opened} onChange={change} position="bottom-end" width={240} trapFocus>
      <Popover.Target>
        <Tooltip label={t.conversation.labels}><ActionIcon onClick={() => change(!opened)} aria-label={t.conversation.labels} data-testid="labels"><IconTag size={18} /></ActionIcon></Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t.conversation.labels}><LabelChoices c={c} act={act} /></Popover.Dropdown>
    </Popover>
  );
}

function LabelChoices({ c, act }: Props) {
  const t = useTexts();
  const [word, setWord] = useState("");
  const all = useLabels();
  const found = all.filter((l) => l.name.toLowerCase().includes(word.trim().toLowerCase()));
  const toggle = (name: string) => void act.run("POST /conversations/{id}/labels", { path: { id: c.id }, body: c.labels.includes(name) ? { remove: [name] } : { add: [name] } });
  return (
    <>
      <TextInput size="xs" value={word} onChange={(e) => setWord(e.target.value)} placeholder={t.conversation.findLabel} aria-label={t.conversation.findLabel} data-autofocus />
      <div className={css.choices}>
        {found.slice(0, most).map((l) => <Checkbox key={l.id} checked={c.labels.includes(l.name)} onChange={() => toggle(l.name)} label={<><i className={css.labelDot} style={{ background: l.color ?? "#64748b" }} />{l.name}</>} data-testid="label-choice" />)}
        {found.length === 0 && <p>{t.conversation.noLabel}</p>}
        {found.length > most && <p>{say(t.conversation.moreLabels, { n: found.length - most })}</p>}
      </div>
    </>
  );
}

export function Snooze({ c, act, opened, change, phone }: Props & Pick) {
  const t = useTexts();
  useCommands([{ id: "snooze", group: "conversation", name: t.conversation.snooze, keys: "z", run: () => change(true) }]);
  const until = (at: Date | null) => {
    change(false);
    void act.run("POST /conversations/{id}/snooze", { path: { id: c.id }, body: { until: at?.toISOString() ?? null } });
  };
  const choices = [
    ...snoozes(new Date()).map((s) => ({ name: s.name, at: s.at as Date | null, hint: moment(s.at.getTime()) })),
    { name: "visitor" as const, at: null, hint: "" },
  ];
  if (phone) {
    return (
      <Modal opened={opened} onClose={() => change(false)} title={t.conversation.snooze} closeButtonProps={{ "aria-label": t.shell.close }}>
        <div className={css.targets}>{choices.map((s) => <button key={s.name} type="button" onClick={() => until(s.at)} data-testid={`snooze-${s.name}`}><span>{t.conversation.snoozes[s.name]}<small>{s.hint}</small></span></button>)}</div>
      </Modal>
    );
  }
  return (
    <Menu opened={opened} onChange={change} position="bottom-end" width={250}>
      <Menu.Target><Tooltip label={t.conversation.snooze}><ActionIcon aria-label={t.conversation.snooze} data-testid="snooze"><IconAlarmSnooze size={18} /></ActionIcon></Tooltip></Menu.Target>
      <Menu.Dropdown aria-label={t.conversation.snooze}>
        <Menu.Label>{t.conversation.snooze}</Menu.Label>
        {choices.map((s) => <Menu.Item key={s.name} onClick={() => until(s.at)} rightSection={s.hint === "" ? null : <small className={css.hint}>{s.hint}</small>} data-testid={`snooze-${s.name}`}>{t.conversation.snoozes[s.name]}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}

/** pick: opens what has no button of its own on a phone. */
export function More({ c, act, transfer, pick }: Props & { transfer: () => void; pick?: ((what: "labels" | "snooze") => void) | undefined }) {
  const t = useTexts();
  const { client } = useLive();
  const path = { id: c.id };
  const [summing, setSumming] = useState(false);
  const email = useGet("/visitors/{id}", { path: { id: c.visitor_id } }, {}).data?.email; // undefined: not read yet
  const save = async () => {
    try {
      const file = await download("GET /conversations/{id}/transcript", { path }, "text/plain");
      saveAs(file, `${visitorName(c, t)} ${date(Date.parse(c.created_at))}.txt`);
    } catch (e) {
      tellProblem(e);
    }
  };
  const mail = async () => {
    if (await act.run("POST /conversations/{id}/transcript", { path })) tellDone(t.conversation.mailed);
  };
  const copy = () => void copyText(location.href).then((ok) => { if (ok) tellDone(t.shell.copied); });
  useCommands([
    ...(act.can.write ? [{ id: "summary", group: "conversation" as const, name: t.ai.summary.open, run: () => setSumming(true) }] : []),
    { id: "transcript", group: "conversation", name: t.conversation.transcript, run: () => void save() },
    { id: "link", group: "conversation", name: t.conversation.copyLink, run: copy },
  ]);
  return (
    <>
    {summing && <SummaryModal conv={c.id} close={() => setSumming(false)} {...(act.can.write ? { keep: (text: string) => client.send(c.id, "text", { text }, "internal") } : {})} />}
    <Menu position="bottom-end" width={240}>
      <Menu.Target><ActionIcon aria-label={t.conversation.more} data-testid="more"><IconDotsVertical size={18} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        {act.can.transfer && <Menu.Item leftSection={<IconUserShare size={16} />} onClick={transfer} data-testid="more-transfer">{t.conversation.transfer}</Menu.Item>}
        {pick !== undefined && act.can.write && <Menu.Item leftSection={<IconTag size={16} />} onClick={() => pick("labels")} data-testid="more-labels">{t.conversation.labels}</Menu.Item>}
        {pick !== undefined && act.can.snooze && <Menu.Item leftSection={<IconAlarmSnooze size={16} />} onClick={() => pick("snooze")} data-testid="more-snooze">{t.conversation.snooze}</Menu.Item>}
        {act.can.requeue && <Menu.Item leftSection={<IconArrowBackUp size={16} />} onClick={() => void act.run("POST /conversations/{id}/assign", { path, body: { agent_id: null } })} data-testid="requeue">{t.conversation.requeue}</Menu.Item>}
        {act.can.toBot && <Menu.Item leftSection={<IconRobot size={16} />} onClick={() => void act.run("POST /conversations/{id}/handoff", { path, body: { to: "bot" } })} data-testid="to-bot">{t.conversation.toBot}</Menu.Item>}
        {act.can.toHuman && <Menu.Item leftSection={<IconUser size={16} />} onClick={() => void act.run("POST /conversations/{id}/handoff", { path, body: { to: "human" } })} data-testid="to-human">{t.conversation.toHuman}</Menu.Item>}
        {act.can.write && <>
          <Menu.Label>{t.conversation.priority}</Menu.Label>
          <Menu.RadioGroup value={levelOf(c.priority)} onChange={(l) => void act.run("PATCH /conversations/{id}", { path, body: { priority: priorities[l as Level] } })}>
            {levels.map((l) => <Menu.RadioItem key={l} value={l} closeMenuOnClick data-testid={`priority-${l}`}>{t.conversation.priorities[l]}</Menu.RadioItem>)}
          </Menu.RadioGroup>
        </>}
        <Menu.Divider />
        {act.can.write && <Menu.Item leftSection={<IconSparkles size={16} />} onClick={() => setSumming(true)} data-testid="summarise">{t.ai.summary.open}</Menu.Item>}
        <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => void save()} data-testid="transcript">{t.conversation.transcript}</Menu.Item>
        {act.can.write && <Menu.Item leftSection={<IconMailForward size={16} />} onClick={() => void mail()} disabled={email === ""} className={email === "" ? css.lacking : undefined} data-testid="mail-transcript">{t.conversation.mailTranscript}{email === "" && <small>{t.problems.codes.no_address}</small>}</Menu.Item>}
        <Menu.Item leftSection={<IconLink size={16} />} onClick={copy}>{t.conversation.copyLink}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
    </>
  );
}

/** Gives the browser a file to keep. */
export function saveAs(file: Blob, name: string): void {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(file);
  a.download = name;
  a.click();
  window.setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}
