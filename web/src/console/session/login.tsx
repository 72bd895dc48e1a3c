// The log-in: e-mail and password, then whatever else is asked for: which tenant, the second factor.

import { Anchor, Button, PasswordInput, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { ApiError, callOpen } from "../api/client.ts";
import { keepTokens } from "../api/tokens.ts";
import { chooseLanguage, languageCode, languages, say, useTexts, type Texts } from "../i18n/index.ts";
import { Mark } from "../ui/mark.tsx";
import { reason } from "../ui/problem.tsx";
import css from "./login.module.css";

/** What the server asked for last. */
type Step = "password" | "tenant" | "code";

export function Login() {
  const t = useTexts();
  const [step, setStep] = useState<Step>("password");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [tenant, setTenant] = useState("");
  const [code, setCode] = useState("");
  const [challenge, setChallenge] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  const restart = (why = "") => {
    setStep("password");
    setTenant("");
    setCode("");
    setProblem(why);
  };

  async function submit(e: FormEvent): Promise<void> {
    e.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      keepTokens(step === "code" ? await callOpen("POST /auth/totp", { body: { challenge, code: code.replace(/\s/g, "") } })
        : await callOpen("POST /auth/login", { body: { email: email.trim(), password, ...(tenant.trim() === "" ? {} : { tenant: tenant.trim() }) } }));
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      if (e.code === "tenant_required") setStep("tenant");
      else if (e.code === "totp_required") {
        setChallenge(e.problem.challenge ?? "");
        setStep("code");
      } else if (step === "code" && e.status === 401 && e.code !== "totp_invalid") restart(t.session.expired);
      else setProblem(said(e, step, t));
    } finally {
      setBusy(false);
    }
  }

  const title = { password: t.session.welcome, tenant: t.session.tenantTitle, code: t.session.codeTitle }[step];
  const text = { password: t.session.intro, tenant: t.session.tenantText, code: t.session.codeText }[step];
  return (
    <main className={css.page}>
      <form className={css.card} onSubmit={(e) => void submit(e)} noValidate>
        <div className={css.brand}><Mark size={26} /> uniqchat</div>
        <h1>{title}</h1>
        <p className={css.intro}>{text}</p>
        {step === "password" && <>
          <TextInput label={t.session.email} type="email" name="email" autoComplete="username" autoFocus required withAsterisk={false} value={email} onChange={(e) => setEmail(e.target.value)} data-testid="email" size="md" />
          <PasswordInput label={t.session.password} name="password" autoComplete="current-password" required withAsterisk={false} value={password} onChange={(e) => setPassword(e.target.value)} data-testid="password" size="md" />
        </>}
        {step === "tenant" && <TextInput label={t.session.tenant} name="tenant" autoFocus value={tenant} onChange={(e) => setTenant(e.target.value)} data-testid="tenant" size="md" />}
        {step === "code" && <TextInput label={t.session.code} name="code" autoFocus autoComplete="one-time-code" value={code} onChange={(e) => setCode(e.target.value)} data-testid="code" size="md" />}
        {problem !== "" && <p className={css.problem} role="alert" data-testid="problem">{problem}</p>}
        <Button type="submit" size="md" fullWidth loading={busy} data-testid="login">{step === "password" ? t.session.login : t.session.confirm}</Button>
        {step === "password" ? <Anchor className={css.small} href="/auth/reset" size="sm">{t.session.forgot}</Anchor>
          : <Anchor className={css.small} component="button" type="button" size="sm" onClick={() => restart()}>{t.session.restart}</Anchor>}
      </form>
      <nav className={css.languages} aria-label={t.shell.language}>
        {languages.map((l) => <button key={l.code} type="button" aria-current={l.code === languageCode()} onClick={() => void chooseLanguage(l.code)}>{l.name}</button>)}
      </nav>
    </main>
  );
}

function said(e: ApiError, step: Step, t: Texts): string {
  if (e.status === 0) return t.shell.noServer;
  if (e.status === 429) return say(t.session.slow, { n: Math.max(1, Math.ceil(e.retryAfter / 1000)) });
  if (e.status === 401) return { password: t.session.badLogin, tenant: t.session.badTenant, code: t.session.badCode }[step];
  return reason(e);
}
