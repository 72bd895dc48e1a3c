// Labels: what conversations are marked with.

import { Badge, ColorInput, Input, Textarea, TextInput } from "@mantine/core";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { Label } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { tellDone } from "../ui/problem.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { useWhole } from "./parts/lists.ts";
import css from "./settings.module.css";

type Kept = Label & { id: string; version: number };

const colours = ["#64748b", "#dc2626", "#ea580c", "#ca8a04", "#16a34a", "#0d9488", "#2563eb", "#7c3aed", "#db2777"];

export function Labels({ id }: { id: string }) {
  const t = useTexts().settings;
  const list = useWhole(usePages("/labels", { query: { limit: 200 } }));
  return (
    <Collection<Kept> place="labels" id={id} list={list} write="leads" add={t.labels.add} empty={t.labels.empty} emptyText={t.labels.emptyText}
      line={(l) => ({ id: l.id, title: l.name, text: l.description, lead: <span className={css.swatch} style={{ background: l.color }} />, words: `${l.name} ${l.description ?? ""}` })}
      editor={(l, close) => ({ title: l === undefined ? t.labels.add : l.name, body: <Editor label={l} close={close} /> })} />
  );
}

function Editor({ label, close }: { label: Kept | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.settings.labels;
  const f = useForm({ name: label?.name ?? "", color: label?.color ?? "#64748b", description: label?.description ?? "" }, {
    check: (v) => ({ name: v.name.trim() === "" ? t.shell.required : undefined, color: /^#[0-9a-f]{6}$/i.test(v.color) ? undefined : s.badColour }),
    codes: { name_taken: "name" },
    of: label,
    save: (v, { seen }) => (label === undefined ? call("POST /labels", { body: v }) : call("PATCH /labels/{id}", { path: { id: label.id }, body: { ...v, ...seen } })),
    stale: ["/labels"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <FormBody form={f} cancel={close} aside={label !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /labels/{id}", { path: { id: label.id } })} done={() => { refresh("/labels"); close(); }} />}>
      <TextInput label={t.shell.name} required maxLength={50} data-autofocus {...f.text("name")} />
      <Input.Wrapper label={s.colour}>
        <div className={css.swatches} role="group" aria-label={s.colour}>
          {colours.map((c) => <button key={c} type="button" style={{ background: c }} aria-label={c} aria-pressed={f.values.color === c} onClick={() => f.set({ color: c })} />)}
        </div>
      </Input.Wrapper>
      <ColorInput fixOnBlur={false} label={s.other} format="hex" withEyeDropper={false} {...f.value("color")} />
      <Textarea label={s.description} description={s.descriptionText} autosize minRows={2} maxLength={500} {...f.text("description")} />
      <div><Badge color={f.values.color} variant="light" c="var(--u-text)">{f.values.name || t.shell.name}</Badge></div>
    </FormBody>
  );
}
