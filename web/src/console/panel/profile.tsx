// What is known of a person, to be mended by whoever knows better.

import { ActionIcon, Button, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useSend } from "../api/query.ts";
import { ApiError } from "../api/client.ts";
import type { Person } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { date } from "../i18n/time.ts";
import { useMe } from "../live/live.ts";
import { IconPencil } from "../ui/icons.ts";
import { tellProblem } from "../ui/problem.tsx";
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
  const [values, setValues] = useState({ name: p.name, email: p.email, phone: p.phone });
  const save = useSend("PATCH /visitors/{id}", ["/visitors", "/conversations"]);
  const problem = save.error instanceof ApiError ? save.error : null;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate({ path: { id: p.id }, body: { ...values, version: p.version } }, { onSuccess: close, onError: tellProblem });
  };
  return (
    <form className={css.form} onSubmit={submit}>
      {fields.map((f) => <TextInput key={f} size="xs" label={f === "name" ? t.shell.name : t.panel[f]} type={f === "email" ? "email" : "text"} value={values[f]} error={problem?.field(f) || undefined} onChange={(e) => setValues({ ...values, [f]: e.target.value })} data-testid={`profile-${f}`} />)}
      <div className={css.foot}><Button size="compact-xs" variant="default" onClick={close}>{t.shell.cancel}</Button><Button size="compact-xs" type="submit" loading={save.isPending} data-testid="profile-save">{t.shell.save}</Button></div>
    </form>
  );
}
