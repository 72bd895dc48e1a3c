// Forms: those that agents send, what is asked before the chat, and what stands in its place when nobody is there.

import { useEffect, useRef, useState } from "preact/hooks";
import { format } from "../../shared/i18n/index.ts";
import type { Body } from "../../shared/packets.ts";
import { uuidv7, type UUID } from "../../shared/uuid.ts";
import type { Identity } from "../session.ts";
import { str } from "../text.ts";
import { useAttempt, useDesk } from "./context.ts";
import { faults, fieldsOf, tooLong, type Fault, type Field } from "./fields.ts";
import { Icon } from "./icons.tsx";
import { useWords } from "./words.ts";

const plainTypes = new Set(["text", "email", "tel", "number", "date", "url"]);

function FieldRow({ field, id, value, set, bad }: { field: Field; id: string; value: string; set(v: string): void; bad: Fault | undefined }) {
  const w = useWords();
  const common = { id, name: field.name, required: field.required, "aria-invalid": bad !== undefined, "aria-describedby": bad && `${id}-bad` };
  const type = field.type;
  return (
    <div class="field">
      {type !== "checkbox" && <label for={id}>{field.label}{field.required && <span aria-hidden="true"> *</span>}</label>}
      {type === "select" || (field.options.length > 0 && type !== "radio")
        ? <select {...common} value={value} onChange={(e) => set(e.currentTarget.value)}><option value="">{w.choose}</option>{field.options.map((o) => <option value={o.value}>{o.label}</option>)}</select>
        : type === "radio"
          ? <div role="radiogroup" aria-label={field.label}>{field.options.map((o) => <label class="tick"><input type="radio" name={id} checked={value === o.value} onChange={() => set(o.value)} />{o.label}</label>)}</div>
          : type === "checkbox"
            ? <label class="tick"><input {...common} type="checkbox" checked={value === "true"} onChange={(e) => set(e.currentTarget.checked ? "true" : "")} />{field.label}{field.required && <span aria-hidden="true"> *</span>}</label>
            : type === "textarea"
              ? <textarea {...common} rows={3} value={value} onInput={(e) => set(e.currentTarget.value)} />
              : <input {...common} type={(plainTypes.has(type) ? type : "text") as "text"} value={value} onInput={(e) => set(e.currentTarget.value)} />}
      {bad && <small id={`${id}-bad`} class="bad" role="alert">{w[bad]}</small>}
    </div>
  );
}

interface Filled { fields: readonly Field[]; values: Record<string, string>; bad: Record<string, Fault>; set(name: string, value: string): void; check(e: Event): boolean }

/** The values of fields while they are filled in. */
function useFields(fields: readonly Field[], also: (values: Record<string, string>) => Record<string, Fault> = () => ({})): Filled {
  const [values, setValues] = useState<Record<string, string>>({});
  const [bad, setBad] = useState<Record<string, Fault>>({});
  return {
    fields, values, bad, set: (name, value) => setValues({ ...values, [name]: value }),
    check(e) {
      e.preventDefault();
      const found = { ...also(values), ...faults(fields, values) };
      setBad(found);
      const first = fields.findIndex((f) => f.name in found);
      if (first >= 0) (e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".field")[first]?.querySelector<HTMLElement>("input, select, textarea")?.focus();
      return first < 0;
    },
  };
}

function Rows({ form, id }: { form: Filled; id: string }) {
  return <>{form.fields.map((f) => <FieldRow field={f} id={`f-${id}-${f.name}`} value={form.values[f.name] ?? ""} bad={form.bad[f.name]} set={(v) => form.set(f.name, v)} />)}</>;
}

/** What was filled in, as it is meant. */
function meant({ fields, values }: Filled): [Field, string | number | boolean][] {
  return fields.filter((f) => (values[f.name] ?? "").trim() !== "").map((f) => [f, f.type === "checkbox" ? true : f.type === "number" ? Number(values[f.name]) : values[f.name]!.trim()]);
}

export function Form({ mid, body, answered }: { mid: UUID; body: Body; answered: boolean }) {
  const { room } = useDesk();
  const w = useWords();
  const form = useFields(fieldsOf(body));
  const [sent, setSent] = useState(false);
  const done = answered || sent;
  const submit = (e: Event) => {
    if (!form.check(e)) return;
    setSent(true);
    const given = meant(form);
    const line = ([f, v]: [Field, unknown]) => (f.type === "checkbox" ? `✓ ${f.label}` : `${f.label}: ${f.options.find((o) => o.value === v)?.label ?? String(v)}`);
    room.sendText(given.map(line).join("\n") || w.answered, { form: mid, values: Object.fromEntries(given.map(([f, v]) => [f.name, v])) });
  };
  return (
    <form class="card form" data-testid="form" noValidate onSubmit={submit}>
      {str(body["title"]) !== "" && <b>{str(body["title"])}</b>}
      {done ? <p class="answered"><Icon name="check" />{w.answered}</p> : <Rows form={form} id={mid.slice(0, 8)} />}
      {!done && <button type="submit" class="primary" data-testid="form-submit">{w.submit}</button>}
    </form>
  );
}

/** The focus goes to the first thing that is asked, once the panel is open. */
function useFirst() {
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>("input, select, textarea")?.focus(), []);
  return box;
}

/** What the site asks before the first message. */
export function PreChat({ fields, text, done }: { fields: readonly unknown[]; text: string; done(): void }) {
  const { room } = useDesk();
  const w = useWords();
  const own: Record<string, string> = { name: w.name, email: w.email };
  const asked = fieldsOf({ fields: fields as unknown[] }).map((f) => ({ ...f, label: f.label === f.name ? (own[f.name] ?? f.label) : f.label })).filter((f) => room.session.knows(f.name) === "");
  const form = useFields(asked, (values) => tooLong(values, (JSON.parse(room.session.said) as Identity).attributes ?? {}));
  const box = useFirst();
  const submit = (e: Event) => {
    if (!form.check(e)) return;
    const attributes: Record<string, unknown> = {};
    const said: Record<string, unknown> = {};
    for (const [f, v] of meant(form)) (f.name in own ? said : attributes)[f.name] = v;
    if (Object.keys(attributes).length > 0) said["attributes"] = attributes;
    room.session.answered();
    room.session.identify(said);
    done();
  };
  return (
    <form ref={box} class="card form ask" data-testid="pre-chat" noValidate onSubmit={submit}>
      <b>{text || w.before}</b>
      <Rows form={form} id="pre" />
      <button type="submit" class="primary" data-testid="pre-chat-submit">{w.start}</button>
    </form>
  );
}

/** A message with an e-mail address, for when nobody is there. */
export function Offline({ text, left, keep, instead }: { text: string; left: string; keep(email: string): void; instead(): void }) {
  const { room } = useDesk();
  const w = useWords();
  const known = room.session.knows("email");
  const field = (name: string, label: string, type: string, required: boolean): Field => ({ name, label, type, required, options: [] });
  const form = useFields([...(room.session.knows("name") === "" ? [field("name", w.name, "text", false)] : []), ...(known === "" ? [field("email", w.email, "email", true)] : []), field("text", w.text, "textarea", true)]);
  const box = useFirst();
  const { bad, role, busy, attempt } = useAttempt();
  const cmid = useRef("");
  const submit = () => attempt(async () => {
    const said = Object.fromEntries(meant(form).map(([f, v]) => [f.name, v])) as Record<string, string>;
    cmid.current ||= uuidv7(); // the same message, however often it has to be sent
    const r = await room.api.call("POST", "/offline-messages", { email: known, ...said, cmid: cmid.current });
    const { conversation_id } = (await r.json()) as { conversation_id: UUID };
    keep(said["email"] ?? known);
    void room.left(conversation_id);
  });
  if (left !== "") return <p class="card form answered" role="status" data-testid="offline-left"><Icon name="check" />{format(w.left, { email: left })}</p>;
  return (
    <form ref={box} class="card form ask" data-testid="offline" noValidate onSubmit={(e) => { if (form.check(e)) void submit(); }}>
      <b>{w.leave}</b>
      <p>{text || w.leaveText}</p>
      <Rows form={form} id="off" />
      {bad !== "" && <small class="bad" role={role}>{bad}</small>}
      <button type="submit" class="primary" disabled={busy} data-testid="offline-send">{w.sendMessage}</button>
      <button type="button" class="quiet" data-testid="offline-instead" onClick={instead}>{w.instead}</button>
    </form>
  );
}
