// Changing what is known of a visitor, and erasing the person.

import { Button, Modal, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { ApiError, call } from "../api/client.ts";
import { refresh } from "../api/query.ts";
import type { Person, UpdateVisitorInputBody } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { FormBody, useForm } from "../settings/parts/form.tsx";
import { tellDone, tellProblem } from "../ui/problem.tsx";
import css from "./visitors.module.css";

/** Saves a change. Throws, with "conflict" said in words, if somebody else was faster. */
export async function change(p: Person, body: UpdateVisitorInputBody, conflict: string): Promise<void> {
  try {
    await call("PATCH /visitors/{id}", { path: { id: p.id }, body: { ...body, version: p.version } });
  } catch (e) {
    throw e instanceof ApiError && e.status === 409 ? new Error(conflict) : e;
  } finally {
    refresh("/visitors");
  }
}

export function Edit({ p, opened, close }: { p: Person; opened: boolean; close: () => void }) {
  const t = useTexts();
  return <Modal opened={opened} onClose={close} title={t.visitors.editTitle} closeButtonProps={{ "aria-label": t.shell.close }}><Fields p={p} close={close} /></Modal>;
}

function Fields({ p, close }: { p: Person; close: () => void }) {
  const t = useTexts();
  const f = useForm({ name: p.name, email: p.email, phone: p.phone }, {
    of: p,
    save: (v, { seen }) => call("PATCH /visitors/{id}", { path: { id: p.id }, body: { ...v, ...seen } }),
    stale: ["/visitors"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <FormBody form={f} cancel={close}>
      <TextInput label={t.visitors.name} maxLength={200} data-autofocus {...f.text("name")} />
      <TextInput label={t.visitors.email} type="email" {...f.text("email")} />
      <TextInput label={t.visitors.phone} type="tel" {...f.text("phone")} />
    </FormBody>
  );
}

/** What is typed to erase somebody: the end of the id, which no other of the same name has. */
export function eraseWord(p: Pick<Person, "id">): string {
  return p.id.slice(-6);
}

export function Erase({ p, name, opened, close }: { p: Person; name: string; opened: boolean; close: () => void }) {
  const t = useTexts();
  const [, go] = useLocation();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const word = eraseWord(p);
  const sure = typed.trim().toLowerCase() === word;
  useEffect(() => setTyped(""), [opened]);
  const erase = async () => {
    if (!sure) return;
    setBusy(true);
    try {
      await call("DELETE /visitors/{id}", { path: { id: p.id } });
      refresh("/visitors", "/conversations");
      tellDone(t.visitors.eraseDone);
      close();
      go("/visitors");
    } catch (e) {
      tellProblem(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={say(t.visitors.eraseTitle, { name })} closeButtonProps={{ "aria-label": t.shell.close }}>
      <form className={css.form} onSubmit={(e) => { e.preventDefault(); void erase(); }}>
        <p>{t.visitors.eraseText}</p>
        <TextInput label={say(t.visitors.eraseType, { word })} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} autoComplete="off" data-autofocus data-testid="erase-word" />
        <div className={css.end}><Button variant="default" onClick={close}>{t.shell.cancel}</Button><Button type="submit" color="red" disabled={!sure} loading={busy} data-testid="erase-now">{t.visitors.eraseDo}</Button></div>
      </form>
    </Modal>
  );
}
