// What the shop, or an agent, noted of a person: names and values.

import { ActionIcon, Button, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useSend } from "../api/query.ts";
import type { Person } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useMe } from "../live/live.ts";
import { IconPencil, IconPlus, IconTrash } from "../ui/icons.ts";
import { tellProblem } from "../ui/problem.tsx";
import css from "./panel.module.css";
import { Section } from "./panel.tsx";
import { attributesOf, parseValue, showValue } from "./values.ts";

export function Attributes({ p }: { p: Person }) {
  const t = useTexts();
  const writes = useMe().role !== "viewer";
  const [editing, setEditing] = useState<string | null>(null); // a name; "" for a new one
  const list = attributesOf(p.attributes);
  const add = writes && <ActionIcon size="sm" onClick={() => setEditing("")} aria-label={t.panel.addAttribute} data-testid="attribute-add"><IconPlus size={15} /></ActionIcon>;
  return (
    <Section title={t.panel.attributes} actions={add}>
      {list.length === 0 && editing === null && <p className={css.none}>{t.panel.noAttributes}</p>}
      <dl className={css.facts} data-testid="attributes">
        {list.map(([k, v]) => (editing === k ? <Edit key={k} p={p} name={k} value={showValue(v)} close={() => setEditing(null)} /> : (
          <div key={k}><dt dir="auto" title={k}>{k}</dt><dd dir="auto" title={showValue(v)}>{showValue(v)}</dd>{writes && <ActionIcon className={css.pen} size="xs" onClick={() => setEditing(k)} aria-label={say(t.panel.editAttribute, { name: k })} data-testid="attribute-edit"><IconPencil size={13} /></ActionIcon>}</div>
        )))}
      </dl>
      {editing === "" && <Edit p={p} name="" value="" close={() => setEditing(null)} />}
    </Section>
  );
}

function Edit({ p, name, value, close }: { p: Person; name: string; value: string; close: () => void }) {
  const t = useTexts();
  const [key, setKey] = useState(name);
  const [text, setText] = useState(value);
  const save = useSend("PATCH /visitors/{id}", ["/visitors"]);
  const patch = (attributes: Record<string, unknown>) => save.mutate({ path: { id: p.id }, body: { attributes, version: p.version } }, { onSuccess: close, onError: tellProblem });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (key.trim() !== "") patch({ [key.trim()]: parseValue(text) });
  };
  return (
    <form className={css.attribute} onSubmit={submit}>
      {name === "" && <TextInput size="xs" value={key} onChange={(e) => setKey(e.target.value)} placeholder={t.shell.name} aria-label={t.shell.name} autoFocus data-testid="attribute-name" />}
      <TextInput size="xs" value={text} onChange={(e) => setText(e.target.value)} placeholder={t.panel.value} aria-label={name === "" ? t.panel.value : name} autoFocus={name !== ""} data-testid="attribute-value" />
      <div className={css.foot}>
        {name !== "" && <ActionIcon size="sm" color="red" onClick={() => patch({ [name]: null })} aria-label={t.shell.remove} data-testid="attribute-remove"><IconTrash size={15} /></ActionIcon>}
        <Button size="compact-xs" variant="default" onClick={close}>{t.shell.cancel}</Button><Button size="compact-xs" type="submit" loading={save.isPending} data-testid="attribute-save">{t.shell.save}</Button>
      </div>
    </form>
  );
}
