// One's own account: who one is, the password, the second factor.

import { Badge, Button, PasswordInput, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { call, renew } from "../api/client.ts";
import { refresh, useGet } from "../api/query.ts";
import type { Agent, Enrolment } from "../api/schema.ts";
import { keepTokens } from "../api/tokens.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useMe } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Page, Panel } from "../ui/page.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { useMay } from "./access.ts";
import { Skeletons } from "./parts/collection.tsx";
import { Copyable, Once } from "./parts/copy.tsx";
import { FormBody, ReadOnly, useForm } from "./parts/form.tsx";
import { useTeams } from "./parts/lists.ts";
import { path, qr } from "./parts/qr.ts";
import css from "./settings.module.css";

export function Profile() {
  const t = useTexts();
  const me = useMe();
  const [, go] = useLocation();
  const q = useGet("/agents/{id}", { path: { id: me.id } });
  return (
    <Page title={t.settings.pages.profile} text={t.settings.about.profile} back={() => go("/")}>
      <div className={css.narrow}>
        {q.isPending ? <Skeletons /> : q.isError ? <Failed error={q.error} again={q.refetch} /> : <Who agent={q.data} />}
        <Password />
        <Factor />
      </div>
    </Page>
  );
}

function Who({ agent }: { agent: Agent }) {
  const t = useTexts();
  const s = t.settings.profile;
  const write = useMay("managers");
  const teams = useTeams();
  const f = useForm({ name: agent.name }, {
    check: (v) => ({ name: v.name.trim() === "" ? t.shell.required : undefined }),
    of: agent,
    save: (v) => call("PATCH /agents/{id}", { path: { id: agent.id }, body: v }),
    stale: ["/agents"],
    done: () => {
      tellDone(t.shell.saved);
      renew();
    },
  });
  return (
    <Panel title={s.who} text={write ? undefined : s.whoText} actions={<Avatar id={agent.id} name={agent.name} size={40} />}>
      <ReadOnly when={!write}>
        <FormBody form={f}>
          <TextInput label={t.shell.name} required maxLength={100} {...f.text("name")} />
          <dl className={css.facts}>
            <dt>{t.settings.agents.email}</dt><dd>{agent.email}</dd>
            <dt>{t.settings.agents.role}</dt><dd>{t.shell.roles[agent.role]}</dd>
            <dt>{t.settings.agents.teams}</dt><dd>{agent.teams.length === 0 ? t.shell.none : agent.teams.map((x) => teams.items.find((y) => y.id === x)?.name ?? "…").join(", ")}</dd>
          </dl>
        </FormBody>
      </ReadOnly>
    </Panel>
  );
}

function Password() {
  const t = useTexts();
  const s = t.settings.profile;
  const f = useForm({ current_password: "", new_password: "", again: "" }, {
    check: (v) => ({
      current_password: v.current_password === "" ? t.shell.required : undefined, new_password: v.new_password.length < 8 ? t.settings.agents.badPassword : undefined,
      again: v.again === v.new_password ? undefined : s.different,
    }),
    codes: { wrong_password: "current_password", password_common: "new_password", password_same: "new_password", password_invalid: "new_password" },
    save: async (v) => {
      keepTokens(await call("POST /auth/password", { body: { current_password: v.current_password, new_password: v.new_password } }));
    },
    empties: true,
    done: () => tellDone(s.passwordDone),
  });
  return (
    <Panel title={s.password} text={s.passwordText}>
      <FormBody form={f} action={s.passwordSave}>
        <PasswordInput label={s.current} autoComplete="current-password" {...f.text("current_password")} />
        <PasswordInput label={s.new} autoComplete="new-password" {...f.text("new_password")} />
        <PasswordInput label={s.again} autoComplete="new-password" {...f.text("again")} />
      </FormBody>
    </Panel>
  );
}

function Factor() {
  const t = useTexts();
  const s = t.settings.profile;
  const q = useGet("/auth/totp/status", {});
  const [step, setStep] = useState<"none" | "on" | "off">("none");
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const end = () => {
    setStep("none");
    refresh("/auth/totp/status");
  };
  if (q.isPending) return <Panel title={s.factor}><Skeletons /></Panel>;
  if (q.isError) return <Panel title={s.factor}><Failed error={q.error} again={q.refetch} /></Panel>;
  const on = q.data.enabled;
  return (
    <Panel title={s.factor} text={s.factorText} actions={<span data-testid="factor" data-on={on}><Badge color={on ? "green" : "gray"}>{on ? s.factorOn : s.factorOff}</Badge></span>}>
      {on && <p className={css.hint}>{say(s.left, { n: q.data.recovery_codes_left })}</p>}
      {step === "none" && <Button mt="sm" variant="default" onClick={() => setStep(on ? "off" : "on")} data-testid="factor-change">{on ? s.turnOff : s.turnOn}</Button>}
      {step === "on" && <TurnOn cancel={() => setStep("none")} done={(c) => { setCodes(c); end(); }} />}
      {step === "off" && <TurnOff cancel={() => setStep("none")} done={end} />}
      <Once title={s.recovery} text={s.recoveryText} secret={codes} close={() => setCodes(null)} />
    </Panel>
  );
}

function TurnOn({ cancel, done }: { cancel: () => void; done: (codes: readonly string[]) => void }) {
  const t = useTexts();
  const s = t.settings.profile;
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const first = useForm({ password: "" }, {
    check: (v) => ({ password: v.password === "" ? t.shell.required : undefined }),
    codes: { wrong_password: "password" },
    save: async (v) => setEnrolment(await call("POST /auth/totp/enrol", { body: v })),
  });
  const second = useForm({ code: "" }, {
    check: (v) => ({ code: /^\d{6}$/.test(v.code.replace(/\s/g, "")) ? undefined : s.sixDigits }),
    codes: { totp_invalid: "code" },
    save: async (v) => done((await call("POST /auth/totp/confirm", { body: { code: v.code.replace(/\s/g, "") } })).recovery_codes),
  });
  if (enrolment === null) {
    return <FormBody form={first} action={s.next} cancel={cancel}><PasswordInput label={s.current} description={s.passwordFirst} autoComplete="current-password" data-autofocus {...first.text("password")} /></FormBody>;
  }
  return (
    <FormBody form={second} action={s.turnOn} cancel={cancel}>
      <p className={css.plain}>{s.scan}</p>
      <Code url={enrolment.otpauth_url} />
      <Copyable text={enrolment.secret} label={s.secret} testid="totp-secret" />
      <TextInput label={s.code} inputMode="numeric" autoComplete="one-time-code" maxLength={7} {...second.text("code")} />
    </FormBody>
  );
}

/** The address as a QR code. An address that is too long for one is typed in. */
function Code({ url }: { url: string }) {
  const t = useTexts().settings.profile;
  const code = useMemo(() => qr(url), [url]);
  if (code === null) return null;
  return <svg className={css.qr} viewBox={`-2 -2 ${code.length + 4} ${code.length + 4}`} role="img" aria-label={t.qr} shapeRendering="crispEdges"><path d={path(code)} fill="#000" /></svg>;
}

function TurnOff({ cancel, done }: { cancel: () => void; done: () => void }) {
  const t = useTexts();
  const s = t.settings.profile;
  const f = useForm({ password: "", code: "" }, {
    check: (v) => ({ password: v.password === "" ? t.shell.required : undefined, code: v.code.trim().length < 6 ? t.shell.required : undefined }),
    codes: { wrong_password: "password", totp_invalid: "code" },
    save: (v) => call("POST /auth/totp/disable", { body: { password: v.password, code: v.code.trim() } }),
    done,
  });
  return (
    <FormBody form={f} action={s.turnOff} cancel={cancel}>
      <PasswordInput label={s.current} autoComplete="current-password" data-autofocus {...f.text("password")} />
      <TextInput label={t.session.code} description={t.session.codeText} autoComplete="one-time-code" maxLength={40} {...f.text("code")} />
    </FormBody>
  );
}
