// What the site and the team know of a visitor beside its name: attributes, changed one by one.

import { ActionIcon, Button, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Person } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useMe } from "../live/live.ts";
import { IconCheck, IconPlus, IconTrash } from "../ui/icons.ts";
import { Panel } from "../ui/page.tsx";
import { tellProblem } from "../ui/problem.tsx";
import { change } from "./change.tsx";
import { valueOf, writtenValue } from "./steps.ts";
import css from "./visitors.module.css";

export function Attributes({ p }: { p: Person }) {
  const t = useTexts();
  const me = useMe();
  const [adding, setAdding] = useState(false);
  const [busy, setBusy] = useState(false);
  const all = Object.entries((p.attributes ?? {}) as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  const writes = me.role !== "viewer" && p.erased_at === null;
  const save = async (name: string, value: unknown) => {
    setBusy(true);
    try {
      await change(p, { attributes: { [name]: value } }, t.visitors.conflict);
      setAdding(false);
    } catch (e) {
      tellProblem(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={t.visitors.attributes} text={t.visitors.attributesText} actions={writes && !adding ? <ActionIcon onClick={() => setAdding(true)} aria-label={t.visitors.addAttribute} data-testid="add-attribute"><IconPlus size={17} /></ActionIcon> : undefined}>
      <div className={css.attributes} data-testid="attributes">
        {all.length === 0 && !adding && <p className={css.soft} style={{ margin: 0 }}>{t.visitors.noAttributes}</p>}
        {all.map(([name, value]) => <Attribute key={`${name}\0${writtenValue(value)}`} name={name} value={value} writes={writes && typeof value !== "object"} removes={writes} busy={busy} save={save} />)}
        {adding && <Add taken={all.map(([n]) => n)} busy={busy} save={save} cancel={() => setAdding(false)} />}
      </div>
    </Panel>
  );
}

interface Saving { busy: boolean; save: (name: string, value: unknown) => Promise<void> }

function Attribute({ name, value, writes, removes, busy, save }: Saving & { name: string; value: unknown; writes: boolean; removes: boolean }) {
  const t = useTexts();
  const was = writtenValue(value);
  const [text, setText] = useState(was);
  const keep = () => { if (text !== was) void save(name, typeof value === "string" ? text : valueOf(text)); };
  return (
    <div className={css.attribute}>
      <span className={css.soft}>{name}</span>
      {writes ? <TextInput size="xs" aria-label={name} value={text} disabled={busy} onChange={(e) => setText(e.currentTarget.value)} onBlur={keep} onKeyDown={(e) => { if (e.key === "Enter") e.currentTarget.blur(); if (e.key === "Escape") setText(was); }} data-testid={`attribute-${name}`} /> : <span dir="auto">{was}</span>}
      {removes ? <ActionIcon disabled={busy} onClick={() => void save(name, null)} aria-label={say(t.visitors.removeAttribute, { name })}><IconTrash size={15} /></ActionIcon> : <span />}
    </div>
  );
}

function Add({ taken, busy, save, cancel }: Saving & { taken: readonly string[]; cancel: () => void }) {
  const t = useTexts();
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const there = taken.includes(name.trim());
  return (
    <form className={css.form} onSubmit={(e) => { e.preventDefault(); if (name.trim() !== "" && !there) void save(name.trim(), valueOf(text)); }}>
      <TextInput size="xs" label={t.visitors.key} value={name} maxLength={100} onChange={(e) => setName(e.currentTarget.value)} error={there ? t.visitors.attributeExists : ""} autoFocus data-testid="attribute-name" />
      <TextInput size="xs" label={t.visitors.value} description={t.visitors.valueHint} value={text} onChange={(e) => setText(e.currentTarget.value)} data-testid="attribute-value" />
      <div className={css.end}><Button variant="default" onClick={cancel}>{t.shell.cancel}</Button><Button type="submit" leftSection={<IconCheck size={14} />} loading={busy} disabled={name.trim() === "" || there} data-testid="attribute-save">{t.shell.add}</Button></div>
    </form>
  );
}
