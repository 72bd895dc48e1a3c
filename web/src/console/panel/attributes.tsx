// What the shop, or an agent, noted of a person: names and values.

import { ActionIcon, TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/client.ts";
import type { Person } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useMe } from "../live/live.ts";
import { FormBody, useForm } from "../settings/parts/form.tsx";
import { IconPencil, IconPlus, IconTrash } from "../ui/icons.ts";
import { tellProblem } from "../ui/problem.tsx";
import { change } from "../visitors/change.tsx";
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
        {list.map(([k, v]) => (editing === k ? <div key={k} className={css.editing}><dt dir="auto">{k}</dt><dd><Edit p={p} name={k} value={v} close={() => setEditing(null)} /></dd></div> : (
          <div key={k}><dt dir="auto" title={k}>{k}</dt><dd dir="auto" title={showValue(v)}>{showValue(v)}</dd>{writes && <ActionIcon className={css.pen} size="xs" onClick={() => setEditing(k)} aria-label={say(t.panel.editAttribute, { name: k })} data-testid="attribute-edit"><IconPencil size={13} /></ActionIcon>}</div>
        )))}
      </dl>
      {editing === "" && <Edit p={p} name="" close={() => setEditing(null)} />}
    </Section>
  );
}

function Edit({ p, name, value, close }: { p: Person; /** "": a new one. */ name: string; value?: unknown; close: () => void }) {
  const t = useTexts();
  const fresh = name === "";
  const f = useForm({ name, value: fresh ? "" : showValue(value) }, {
    of: p,
    check: (v) => ({ name: v.name.trim() === "" ? t.shell.required : fresh && attributesOf(p.attributes).some(([k]) => k === v.name.trim()) ? t.visitors.attributeExists : undefined }),
    save: (v, { seen }) => call("PATCH /visitors/{id}", { path: { id: p.id }, body: { attributes: { [fresh ? v.name.trim() : name]: parseValue(v.value, value) }, ...seen } }),
    stale: ["/visitors"],
    done: close,
  });
  const remove = () => void change(p, { attributes: { [name]: null } }, t.visitors.conflict).then(close, tellProblem);
  return (
    <div className={css.form}>
      <FormBody form={f} cancel={close} aside={!fresh && <ActionIcon size="sm" color="red" onClick={remove} aria-label={t.shell.remove} data-testid="attribute-remove"><IconTrash size={15} /></ActionIcon>}>
        {fresh && <TextInput size="xs" placeholder={t.shell.name} aria-label={t.shell.name} autoFocus {...f.text("name")} data-testid="attribute-name" />}
        <TextInput size="xs" placeholder={t.panel.value} aria-label={fresh ? t.panel.value : name} autoFocus={!fresh} {...f.text("value")} data-testid="attribute-value" />
      </FormBody>
    </div>
  );
}
