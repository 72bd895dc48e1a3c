// Agents: who may log in, as what, and how many conversations they take.

import { Alert, Badge, MultiSelect, NumberInput, PasswordInput, Select, Switch, TextInput, Button } from "@mantine/core";
import { useState } from "react";
import { call, renew } from "../api/client.ts";
import { refresh } from "../api/query.ts";
import type { Agent, Invite } from "../api/schema.ts";
import { languageCode, say, useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { useMe } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { tellDone } from "../ui/problem.tsx";
import { rolesOf, type Role } from "./access.ts";
import { Collection } from "./parts/collection.tsx";
import { same } from "./parts/draft.ts";
import { Once } from "./parts/copy.tsx";
import { FormBody, Problem, useForm } from "./parts/form.tsx";
import { choices, useAgents, useTeams } from "./parts/lists.ts";
import css from "./settings.module.css";

export function Agents({ id }: { id: string }) {
  const t = useTexts();
  const s = t.settings.agents;
  const list = useAgents();
  const teams = useTeams();
  const [link, setLink] = useState<string | null>(null);
  const invited = (i: Invite | undefined) => {
    if (i?.url !== undefined) setLink(i.url);
    else if (i !== undefined) tellDone(s.mailed);
  };
  const text = (a: Agent) => [a.email, ...a.teams.map((x) => teams.items.find((y) => y.id === x)?.name ?? "")].filter((x) => x !== "").join(" · ");
  return (
    <>
      <Collection<Agent> place="agents" id={id} list={list} write="managers" add={s.add} empty={s.empty} emptyText={s.emptyText}
        line={(a) => ({ id: a.id, title: a.name, text: text(a), lead: <Avatar id={a.id} name={a.name} size={32} status={a.disabled ? undefined : a.status} />, faint: a.disabled, words: `${a.name} ${a.email} ${t.shell.roles[a.role]}`,
          aside: <>{a.disabled && <Badge color="red">{s.disabled}</Badge>}<Badge color={a.role === "owner" || a.role === "admin" ? "brand" : "gray"}>{t.shell.roles[a.role]}</Badge></> })}
        editor={(a, close) => ({ title: a === undefined ? s.add : a.name, body: a === undefined ? <New close={close} invited={invited} /> : <Editor agent={a} close={close} invited={invited} /> })} />
      <Once title={s.linkTitle} text={s.linkText} secret={link} close={() => setLink(null)} />
    </>
  );
}

/** The roles that somebody may give: only owners make owners. */
function grantable(mine: Role): readonly Role[] {
  return rolesOf("all").filter((r) => r !== "owner" || mine === "owner");
}

function useRoles(mine: Role) {
  const t = useTexts();
  return { data: grantable(mine).map((r) => ({ value: r, label: t.shell.roles[r] })), about: t.settings.agents.roles };
}

const numeric = (n: unknown, least: number, most: number) => typeof n === "number" && Number.isInteger(n) && n >= least && n <= most;

function New({ close, invited }: { close: () => void; invited: (i: Invite | undefined) => void }) {
  const t = useTexts();
  const s = t.settings.agents;
  const roles = useRoles(useMe().role);
  const teams = useTeams();
  const f = useForm({ name: "", email: "", role: "agent" as Role, teams: [] as string[], capacity: 5, invite: true, password: "" }, {
    check: (v) => ({
      name: v.name.trim() === "" ? t.shell.required : undefined, email: /^\S+@\S+$/.test(v.email.trim()) ? undefined : s.badEmail,
      capacity: numeric(v.capacity, 1, 1000) ? undefined : s.badCapacity, password: v.invite || v.password.length >= 8 ? undefined : s.badPassword,
    }),
    codes: { email_taken: "email", password_common: "password" },
    save: async (v) => {
      const made = await call("POST /agents", { body: { name: v.name, email: v.email.trim(), role: v.role, teams: v.teams, capacity: v.capacity, locale: languageCode() === "zh" ? "zh" : "en", ...(v.invite ? {} : { password: v.password }) } });
      refresh("/agents");
      invited(made.invite);
    },
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <FormBody form={f} cancel={close} action={f.values.invite ? s.invite : t.shell.create}>
      <TextInput label={t.shell.name} required maxLength={100} data-autofocus {...f.text("name")} />
      <TextInput label={s.email} type="email" required maxLength={320} {...f.text("email")} />
      <Select label={s.role} description={roles.about[f.values.role]} data={roles.data} {...f.value("role")} />
      <MultiSelect label={s.teams} data={choices(teams.items)} {...f.value("teams")} />
      <NumberInput label={s.capacity} description={s.capacityText} min={1} max={1000} {...f.value("capacity")} />
      <Switch label={s.byInvite} description={s.byInviteText} {...f.check("invite")} />
      {!f.values.invite && <PasswordInput label={s.password} description={s.passwordText} autoComplete="new-password" required {...f.text("password")} />}
    </FormBody>
  );
}

function Editor({ agent, close, invited }: { agent: Agent; close: () => void; invited: (i: Invite | undefined) => void }) {
  const t = useTexts();
  const s = t.settings.agents;
  const me = useMe();
  const roles = useRoles(me.role);
  const teams = useTeams();
  const self = agent.id === me.id;
  const owners = agent.role === "owner" && me.role !== "owner";
  const start = { name: agent.name, role: agent.role as Role, teams: agent.teams, capacity: agent.capacity, disabled: agent.disabled, password: "" };
  const f = useForm(start, {
    check: (v) => ({
      name: v.name.trim() === "" ? t.shell.required : undefined, capacity: numeric(v.capacity, 1, 1000) ? undefined : s.badCapacity,
      password: v.password === "" || v.password.length >= 8 ? undefined : s.badPassword,
    }),
    of: agent,
    save: (v, { values: was }) => {
      const { password, ...rest } = v;
      const changed = Object.fromEntries(Object.entries(rest).filter(([k, x]) => !same(x, was[k as keyof typeof was])));
      return call("PATCH /agents/{id}", { path: { id: agent.id }, body: { ...changed, ...(password === "" ? {} : { password }) } });
    },
    stale: ["/agents"],
    done: () => {
      tellDone(t.shell.saved);
      if (self) renew();
      close();
    },
  });
  return (
    <>
      <FormBody form={f} cancel={close}>
        {self && <Alert color="gray">{s.self}</Alert>}
        {owners && <Alert color="gray">{t.problems.codes.owner_only}</Alert>}
        <TextInput label={t.shell.name} required maxLength={100} disabled={owners} {...f.text("name")} />
        <TextInput label={s.email} value={agent.email} readOnly />
        <Select label={s.role} description={roles.about[f.values.role]} data={owners ? [{ value: "owner", label: t.shell.roles.owner }] : roles.data} disabled={self || owners} {...f.value("role")} />
        <MultiSelect label={s.teams} data={choices(teams.items)} disabled={owners} {...f.value("teams")} />
        <NumberInput label={s.capacity} description={s.capacityText} min={1} max={1000} disabled={owners} {...f.value("capacity")} />
        {!self && <PasswordInput label={s.newPassword} description={s.newPasswordText} autoComplete="new-password" disabled={owners} {...f.text("password")} />}
        {!self && <Switch label={s.lock} description={s.lockText} color="red" disabled={owners} {...f.check("disabled")} />}
      </FormBody>
      {!self && !owners && <Again agent={agent} invited={invited} />}
    </>
  );
}

/** Sends the invite again, as long as no password was chosen. */
function Again({ agent, invited }: { agent: Agent; invited: (i: Invite) => void }) {
  const t = useTexts().settings.agents;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [until, setUntil] = useState("");
  const send = () => {
    setBusy(true);
    setProblem(null);
    call("POST /agents/{id}/invite", { path: { id: agent.id }, body: { locale: languageCode() === "zh" ? "zh" : "en" } }).then((i) => {
      setUntil(i.expires_at);
      invited(i);
    }, setProblem).finally(() => setBusy(false));
  };
  return (
    <section className={css.sub}>
      <h3>{t.again}</h3>
      <p>{until === "" ? t.againText : say(t.againUntil, { time: moment(Date.parse(until)) })}</p>
      <Problem error={problem} />
      <div><Button variant="default" onClick={send} loading={busy} data-testid="invite-again">{t.againSend}</Button></div>
    </section>
  );
}
