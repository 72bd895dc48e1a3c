// Cards with actions, quick replies and forms. What an action or an answer sends is told by protocol.md.

import { useState } from "preact/hooks";
import type { Body } from "../../shared/packets.ts";
import type { UUID } from "../../shared/uuid.ts";
import { safeImage, safeLink, str, uploadOf } from "../text.ts";
import { actionsOf, faults, fieldsOf, type Action, type Field } from "./bodies.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { Picture } from "./media.tsx";
import { Rich } from "./rich.tsx";

function price(body: Body, locale: string): string {
  const raw = body["price"];
  const n = typeof raw === "number" ? raw : typeof raw === "string" && raw.trim() !== "" ? Number(raw) : NaN;
  if (Number.isNaN(n)) return str(raw);
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency: str(body["currency"]) || "XXX", currencyDisplay: "narrowSymbol" }).format(n).replace("¤", "");
  } catch {
    return `${n} ${str(body["currency"])}`.trim();
  }
}

function usePostback() {
  const { room } = useDesk();
  return (a: Action) => room.sendText(a.label, { postback: a.value });
}

export function Card({ body, live, open }: { body: Body; live: boolean; open(body: Body): void }) {
  const { locale, t } = useDesk();
  const post = usePostback();
  const [used, setUsed] = useState("");
  const image = uploadOf(body["image"]) !== "" || safeImage(body["image"]) !== "";
  const href = safeLink(body["url"]);
  const title = str(body["title"]);
  const cost = price(body, locale);
  return (
    <div class="card" data-testid="card">
      {image && <Picture body={{ url: body["image"], name: title, width: 240, height: 150 }} open={open} />}
      <div class="card-text">
        {title !== "" && <b>{href === "" ? title : <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">{title}</a>}</b>}
        {cost !== "" && <span class="price">{cost}</span>}
        {str(body["text"]) !== "" && <p><Rich text={str(body["text"])} /></p>}
      </div>
      {actionsOf(body).map((a) => (a.type === "link"
        ? <a class="card-action" href={a.href} target="_blank" rel="noopener noreferrer nofollow ugc">{a.label}<span class="hidden"> {t.newTab}</span></a>
        : <button type="button" class="card-action" disabled={!live || used !== ""} data-testid="card-action" onClick={() => { setUsed(a.value); post(a); }}>{a.label}</button>))}
    </div>
  );
}

/** Answers to choose from, under the newest message. */
export function QuickReplies({ body }: { body: Body }) {
  const { t } = useDesk();
  const post = usePostback();
  return (
    <div class="replies" role="group" aria-label={t.replies} data-testid="replies">
      {actionsOf(body).filter((a) => a.type === "postback").map((a) => <button type="button" class="chip" onClick={() => post(a)}>{a.label}</button>)}
    </div>
  );
}

const plainTypes = new Set(["text", "email", "tel", "number", "date", "url"]);

export function FieldRow({ field, id, value, set, bad }: { field: Field; id: string; value: string; set(v: string): void; bad: string }) {
  const { t } = useDesk();
  const common = { id, name: field.name, required: field.required, "aria-invalid": bad !== "", "aria-describedby": bad === "" ? undefined : `${id}-bad` };
  const type = field.type;
  return (
    <div class="field">
      {type !== "checkbox" && <label for={id}>{field.label}{field.required && <span aria-hidden="true"> *</span>}</label>}
      {type === "select" || (field.options.length > 0 && type !== "radio")
        ? <select {...common} value={value} onChange={(e) => set(e.currentTarget.value)}><option value="">{t.choose}</option>{field.options.map((o) => <option value={o.value}>{o.label}</option>)}</select>
        : type === "radio"
          ? <div role="radiogroup" aria-label={field.label}>{field.options.map((o) => <label class="tick"><input type="radio" name={id} checked={value === o.value} onChange={() => set(o.value)} />{o.label}</label>)}</div>
          : type === "checkbox"
            ? <label class="tick"><input {...common} type="checkbox" checked={value === "true"} onChange={(e) => set(e.currentTarget.checked ? "true" : "")} />{field.label}{field.required && <span aria-hidden="true"> *</span>}</label>
            : type === "textarea"
              ? <textarea {...common} rows={3} maxLength={4000} value={value} onInput={(e) => set(e.currentTarget.value)} />
              : <input {...common} type={(plainTypes.has(type) ? type : "text") as "text"} maxLength={1000} value={value} onInput={(e) => set(e.currentTarget.value)} />}
      {bad !== "" && <small id={`${id}-bad`} class="bad" role="alert">{bad}</small>}
    </div>
  );
}

export function Form({ mid, body, answered }: { mid: UUID; body: Body; answered: boolean }) {
  const { room, t } = useDesk();
  const fields = fieldsOf(body);
  const [values, setValues] = useState<Record<string, string>>({});
  const [bad, setBad] = useState<Record<string, string>>({});
  const [sent, setSent] = useState(false);
  const done = answered || sent;
  const submit = (e: Event) => {
    e.preventDefault();
    const found = faults(fields, values, t);
    setBad(found);
    if (Object.keys(found).length > 0) {
      ((e.currentTarget as HTMLElement).querySelector("[aria-invalid=true]") as HTMLElement | null)?.focus();
      return;
    }
    const given = fields.filter((f) => (values[f.name] ?? "") !== "");
    const label = (f: Field) => f.options.find((o) => o.value === values[f.name])?.label ?? values[f.name]!;
    setSent(true);
    const answer = Object.fromEntries(given.map((f) => [f.name, f.type === "checkbox" ? true : f.type === "number" ? Number(values[f.name]) : values[f.name]]));
    room.sendText(given.map((f) => (f.type === "checkbox" ? `✓ ${f.label}` : `${f.label}: ${label(f)}`)).join("\n") || t.answered, { form: mid, values: answer });
  };
  return (
    <form class="card form" data-testid="form" noValidate onSubmit={submit}>
      {str(body["title"]) !== "" && <b>{str(body["title"])}</b>}
      {done ? <p class="answered"><Icon name="check" />{t.answered}</p> : fields.map((f) => <FieldRow field={f} id={`f-${mid.slice(0, 8)}-${f.name}`} value={values[f.name] ?? ""} bad={bad[f.name] ?? ""} set={(v) => setValues({ ...values, [f.name]: v })} />)}
      {!done && <button type="submit" class="primary" data-testid="form-submit">{t.submit}</button>}
    </form>
  );
}
