// Webhooks: which events are told to which address.

import { Alert, Badge, Button, Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { Webhook } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { IconAlertTriangle } from "../ui/icons.ts";
import { tellDone } from "../ui/problem.tsx";
import { Deliveries } from "./deliveries.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { Once } from "./parts/copy.tsx";
import { FormBody, Problem, useForm } from "./parts/form.tsx";
import { useWhole } from "./parts/lists.ts";
import css from "./settings.module.css";

const events = [
  "conversation.created", "conversation.queued", "conversation.assigned", "conversation.transferred", "conversation.closed", "conversation.reopened", "conversation.handoff_requested", "conversation.rated",
  "conversation.labels_updated", "conversation.abandoned", "conversation.sla_breached", "message.created", "message.updated", "offline_message.created", "contact.created", "contact.updated", "contact.deleted",
  "agent.status_changed", "visitor.connected", "visitor.disconnected",
] as const;
/** What "everything" leaves out. */
const many: readonly string[] = ["visitor.connected", "visitor.disconnected"];
const aliases: Readonly<Record<string, string>> = { "message.sent": "message.created", "session.closed": "conversation.closed" };

const colour = { active: "green", paused: "yellow", disabled: "red" } as const;

export function Webhooks({ id }: { id: string }) {
  const t = useTexts().settings;
  const s = t.webhooks;
  const list = useWhole(usePages("/webhooks", { query: { limit: 200 } }));
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <>
      <Collection<Webhook> place="webhooks" id={id} list={list} write="managers" add={s.add} empty={s.empty} emptyText={s.emptyText} wide
        line={(x) => ({ id: x.id, title: x.url, text: x.description || (x.events.includes("*") ? s.all : x.events.join(", ")), words: `${x.url} ${x.description}`, faint: x.state !== "active",
          aside: <>{x.failures > 0 && <span>{say(s.failures, { n: x.failures })}</span>}<Badge color={colour[x.state]}>{s.states[x.state]}</Badge></> })}
        editor={(x, close) => ({ title: x === undefined ? s.add : new URL(x.url).host, body: <><Editor hook={x} close={close} made={setSecret} />{x !== undefined && <><State hook={x} made={setSecret} /><Deliveries hook={x} /></>}</> })} />
      <Once title={s.once} text={s.onceText} secret={secret} close={() => setSecret(null)} />
    </>
  );
}

function Editor({ hook, close, made }: { hook: Webhook | undefined; close: () => void; made: (secret: string) => void }) {
  const t = useTexts();
  const s = t.settings.webhooks;
  const named = (hook?.events ?? []).filter((e) => e !== "*").map((e) => aliases[e] ?? e);
  const f = useForm({ url: hook?.url ?? "", description: hook?.description ?? "", all: hook?.events.includes("*") ?? false, events: [...new Set(named)].sort() }, {
    check: (v) => ({ url: /^https?:\/\/\S+$/i.test(v.url.trim()) ? undefined : s.badUrl, events: v.all || v.events.length > 0 ? undefined : s.noEvent }),
    of: hook,
    save: async (v) => {
      const body = { url: v.url.trim(), description: v.description, events: v.all ? ["*", ...v.events.filter((e) => many.includes(e))] : v.events };
      if (hook !== undefined) return call("PATCH /webhooks/{id}", { path: { id: hook.id }, body });
      const fresh = await call("POST /webhooks", { body });
      made(fresh.secret ?? "");
      return fresh;
    },
    stale: ["/webhooks"],
    done: () => {
      tellDone(t.shell.saved);
      if (hook === undefined) close();
    },
  });
  const group = (name: string) => events.filter((e) => e.startsWith(`${name}.`) || (name === "message" && e.startsWith("offline_message.")));
  return (
    <FormBody form={f} {...(hook === undefined ? { cancel: close } : {})} aside={hook !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /webhooks/{id}", { path: { id: hook.id } })} done={() => { refresh("/webhooks"); close(); }} />}>
      <TextInput label={s.url} description={s.urlText} type="url" required placeholder="https://" data-autofocus {...f.text("url")} />
      <TextInput label={s.description} maxLength={500} {...f.text("description")} />
      <Checkbox label={s.all} description={s.allText} {...f.check("all")} />
      <Checkbox.Group label={s.events} {...f.value("events")} onChange={(x) => f.set({ events: [...x].sort() })}>
        {(["conversation", "message", "contact", "agent", "visitor"] as const).map((g) => (
          <div key={g} className={css.scopes} role="group" aria-label={s.groups[g]}>
            {group(g).map((e) => <Checkbox key={e} value={e} label={e} disabled={f.values.all && !many.includes(e)} data-testid={`event-${e}`} />)}
          </div>
        ))}
      </Checkbox.Group>
    </FormBody>
  );
}

/** Whether it is on, its secrets, and a test. */
function State({ hook, made }: { hook: Webhook; made: (secret: string) => void }) {
  const t = useTexts().settings.webhooks;
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const run = (name: string, f: () => Promise<unknown>) => {
    setBusy(name);
    setProblem(null);
    f().then(() => refresh("/webhooks"), setProblem).finally(() => setBusy(""));
  };
  const rotate = async (keep: boolean) => {
    made((await call("POST /webhooks/{id}/rotate-secret", { path: { id: hook.id }, body: { keep_old: keep } })).secret ?? "");
    refresh("/webhooks");
  };
  const active = hook.state === "active";
  return (
    <section className={css.sub}>
      <h3>{t.state}</h3>
      {hook.why !== null && <Alert color="red" icon={<IconAlertTriangle size={17} />}>{say(t.why, { reason: hook.why })}</Alert>}
      {hook.retry_at !== null && <Alert color="yellow" icon={<IconAlertTriangle size={17} />}>{say(t.resting, { n: hook.failures, time: moment(Date.parse(hook.retry_at)) })}</Alert>}
      <p>{t.stateText[hook.state]}</p>
      <div className={css.buttons}>
        <Button variant="default" loading={busy === "state"} onClick={() => run("state", () => call("PATCH /webhooks/{id}", { path: { id: hook.id }, body: { state: active ? "paused" : "active" } }))} data-testid="webhook-state" data-state={hook.state}>{active ? t.pause : t.resume}</Button>
        <Button variant="default" loading={busy === "test"} disabled={!active} onClick={() => run("test", () => call("POST /webhooks/{id}/test", { path: { id: hook.id } }))} data-testid="webhook-test">{t.test}</Button>
      </div>
      <Problem error={problem} />
      <h3>{t.secrets}</h3>
      <p>{say(t.secretsText, { hints: hook.secret_hints.map((h) => `…${h}`).join(", ") })}</p>
      <div className={css.buttons} data-testid="secrets" data-count={hook.secret_hints.length}>
        <Confirm testid="rotate" variant="default" color="brand" action={t.rotate} title={t.rotate} text={t.rotateText} run={() => rotate(true)} />
        <Confirm testid="leaked" variant="light" action={t.leaked} title={t.leaked} text={t.leakedText} run={() => rotate(false)} />
      </div>
    </section>
  );
}
