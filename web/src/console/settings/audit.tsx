// The audit log: who changed what, when and from where. Its filters stand in the address.

import { Badge, Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import { usePages } from "../api/query.ts";
import type { AuditEntry } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { Empty } from "../ui/empty.tsx";
import { IconShieldLock } from "../ui/icons.ts";
import { Page } from "../ui/page.tsx";
import { Failed } from "../ui/problem.tsx";
import { More, Skeletons } from "./parts/collection.tsx";
import { endOf, fromLocal } from "./parts/dates.ts";
import { choices, useAgents } from "./parts/lists.ts";
import css from "./settings.module.css";

/** Beginnings of names of acts, as the log filters by them. */
const subjects = ["agent.", "team.", "auth.", "totp.", "api_token.", "site_key.", "webhook.", "label.", "canned_response.", "business_hours.", "trigger.", "block.", "routing.", "sla.", "mail.", "visitor.", "export.", "retention.", "knowledge_document.", "knowledge.", "golden_question.", "unanswered.", "bot.", "ai_engine.", "intent.", "audit."] as const;

/** What changed, field by field; what was or is nothing is "". A secret only says that it is another one. */
export function changes(details: unknown): { name: string; before: string; after: string }[] {
  const object = (x: unknown) => (x !== null && typeof x === "object" && !Array.isArray(x) ? (x as Record<string, unknown>) : {});
  const said = (x: unknown) => (x === undefined || x === null ? "" : typeof x === "string" ? x : JSON.stringify(x));
  const { changed, ...rest } = object(details);
  return [
    ...Object.entries(object(changed)).map(([name, v]) => ({ name, before: said(object(v)["from"]), after: said(object(v)["to"]) })),
    ...Object.entries(rest).map(([name, v]) => ({ name, before: "", after: said(v) })),
  ];
}

export function Audit() {
  const t = useTexts();
  const s = t.settings.audit;
  const [, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const get = (name: string) => query.get(name) ?? "";
  const set = (name: string, value: string | null) => {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
    go(`/audit${query.size > 0 ? `?${query}` : ""}`, { replace: true });
  };
  const agents = useAgents();
  const filters = { actor: get("actor"), action: get("action"), target: get("target"), since: fromLocal(get("since")) ?? "", until: endOf(get("until")) ?? "" };
  const list = usePages("/audit-log", { query: { limit: 50, ...Object.fromEntries(Object.entries(filters).filter(([, v]) => v !== "")) } }, { keep: true, staleTime: 0 });
  const [opened, setOpened] = useState("");
  return (
    <Page title={t.settings.pages.audit} text={t.settings.about.audit} back={() => go("/")}>
      <div className={css.filters}>
        <Select label={s.actor} data={choices(agents.items, t.shell.all)} searchable value={filters.actor} onChange={(v) => set("actor", v)} data-testid="audit-actor" />
        <Select label={s.action} data={[{ value: "", label: t.shell.all }, ...subjects.map((x) => ({ value: x, label: s.subjects[x] }))]} value={filters.action} onChange={(v) => set("action", v)} data-testid="audit-action" />
        <TextInput type="date" label={s.since} value={get("since")} onChange={(e) => set("since", e.currentTarget.value)} />
        <TextInput type="date" label={s.until} value={get("until")} onChange={(e) => set("until", e.currentTarget.value)} />
        {query.size > 0 && <Button variant="subtle" onClick={() => go("/audit", { replace: true })}>{s.clear}</Button>}
      </div>
      {list.isPending ? <Skeletons /> : list.isError ? <Failed error={list.error} again={list.refetch} /> : list.items.length === 0 ? <div className={css.panelless}><Empty title={s.empty} text={s.emptyText} icon={<IconShieldLock size={22} />} /></div> : (
        <ul className={css.rows}>
          {list.items.map((e) => (
            <li key={e.id} data-testid="entry" data-action={e.action}>
              <button type="button" className={css.row} aria-expanded={opened === e.id} onClick={() => setOpened(opened === e.id ? "" : e.id)}>
                <span className={css.rowText}><b>{named(e.action, s)}{e.target.name !== "" && ` · ${e.target.name}`}</b><span>{actor(e, s.actors)}{e.address !== "" && ` · ${e.address}`}</span></span>
                <span className={css.rowAside}>{e.outcome === "failed" && <Badge color="red">{s.failed}</Badge>}<span>{moment(Date.parse(e.at))}</span></span>
              </button>
              {opened === e.id && <Detail entry={e} only={(name, v) => set(name, v)} />}
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
      <p className={`${css.hint} ${css.note}`}>{s.proof} <code>uniqchat audit verify</code></p>
    </Page>
  );
}

/** An act in words, and by its name where there are none for it. */
export function named(action: string, s: { subjects: Readonly<Record<string, string>>; verbs: Readonly<Record<string, string>> }): string {
  const at = action.indexOf(".") + 1;
  const subject = s.subjects[action.slice(0, at)], verb = s.verbs[action.slice(at)];
  return subject === undefined || verb === undefined ? action : `${subject}: ${verb}`;
}

function actor(e: AuditEntry, kinds: Readonly<Record<AuditEntry["actor"]["kind"], string>>): string {
  return e.actor.name === "" ? kinds[e.actor.kind] : e.actor.kind === "agent" ? e.actor.name : `${e.actor.name} (${kinds[e.actor.kind]})`;
}

function Detail({ entry, only }: { entry: AuditEntry; only: (name: string, v: string) => void }) {
  const s = useTexts().settings.audit;
  return (
    <div className={css.detail}>
      <dl className={css.facts}>
        {changes(entry.details).map((c) => <Change key={c.name} {...c} />)}
        <dt>{s.action}</dt><dd><code>{entry.action}</code></dd>
        <dt>{s.number}</dt><dd>{entry.seq}</dd>
        <dt>{s.request}</dt><dd><code>{entry.request_id}</code></dd>
        <dt>{s.hash}</dt><dd><code>{entry.hash}</code></dd>
      </dl>
      <div className={css.buttons}>
        {entry.actor.id !== "" && <Button variant="default" onClick={() => only("actor", entry.actor.id)}>{s.sameActor}</Button>}
        {entry.target.id !== "" && <Button variant="default" onClick={() => only("target", entry.target.id)}>{s.sameTarget}</Button>}
      </div>
    </div>
  );
}

function Change({ name, before, after }: { name: string; before: string; after: string }) {
  const s = useTexts().settings.audit;
  return <><dt><code>{name}</code></dt><dd>{before === "" && after === "" ? s.another : <>{before !== "" && <><del>{before}</del> → </>}{after === "" ? "∅" : after}</>}</dd></>;
}
