// What is known of a person, to be mended by whoever knows better.

import { ActionIcon, TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/client.ts";
import type { Person } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { date } from "../i18n/time.ts";
import { useMe } from "../live/live.ts";
import { changed } from "../settings/parts/draft.ts";
import { FormBody, useForm } from "../settings/parts/form.tsx";
import { IconPencil } from "../ui/icons.ts";
import css from "./panel.module.css";
import { shortUrl } from "./trail.ts";

const fields = ["name", "email", "phone"] as const;

export function Profile({ p }: { p: Person }) {
  const t = useTexts();
  const me = useMe();
  const [editing, setEditing] = useState(false);
  const facts = [
    [t.panel.email, p.email], [t.panel.phone, p.phone], [t.panel.externalId, p.external_id], [t.panel.locale, p.locale],
    [t.panel.firstSeen, date(Date.parse(p.first_seen_at))], [t.panel.firstPage, shortUrl(p.page)],
  ].filter(([, v]) => v !== "");
  if (editing) return <Form p={p} close={() => setEditing(false)} />;
  return (
    <div className={css.known}>
      <dl className={css.facts} data-testid="facts">{facts.map(([k, v]) => <div key={k}><dt>{k}</dt><dd dir="auto" title={v}>{v}</dd></div>)}</dl>
      {me.role !== "viewer" && <ActionIcon className={css.pen} size="sm" onClick={() => setEditing(true)} aria-label={t.panel.edit} data-testid="profile-edit"><IconPencil size={15} /></ActionIcon>}
    </div>
  );
}

function Form({ p, close }: { p: Person; close: () => void }) {
  const t = useTexts();
  const f = useForm({ name: p.name, email: p.email, phone: p.phone }, {
    of: p,
    save: (v, was) => call("PATCH /visitors/{id}", { path: { id: p.id }, body: { ...changed(v, was.values), ...was.seen } }),
    stale: ["/visitors", "/conversations"],
    done: close,
  });
  return (
    <section className={css.form}>
      <FormBody form={f} cancel={close}>
        {fields.map((n) => <TextInput key={n} size="xs" label={n === "name" ? t.shell.name : t.panel[n]} type={n === "email" ? "email" : "text"} {...f.text(n)} />)}
      </FormBody>
    </section>
  );
}
