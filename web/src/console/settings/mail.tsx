// Mail: who of the team is told of messages that were left, and what became of mails.

import { Badge, Select, TagsInput } from "@mantine/core";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import { useGet, usePages } from "../api/query.ts";
import type { MailSettings } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { Page, Panel } from "../ui/page.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { More, Skeletons } from "./parts/collection.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import css from "./settings.module.css";

export function Mails() {
  const t = useTexts();
  const [, go] = useLocation();
  const q = useGet("/mail-settings", {});
  return (
    <Page title={t.settings.pages.mail} text={t.settings.about.mail} back={() => go("/")}>
      <div className={css.narrow}>
        {q.isPending ? <Skeletons /> : q.isError ? <Failed error={q.error} again={q.refetch} /> : <Editor mail={q.data} />}
        <Log />
      </div>
    </Page>
  );
}

function Editor({ mail }: { mail: MailSettings }) {
  const t = useTexts();
  const s = t.settings.mail;
  const f = useForm({ offline_to: mail.offline_to, locale: mail.locale }, {
    check: (v) => ({ offline_to: v.offline_to.some((x) => !/^\S+@\S+$/.test(x)) ? t.settings.agents.badEmail : undefined }),
    of: mail,
    save: (v, { seen }) => call("PATCH /mail-settings", { body: { ...v, ...seen } }),
    stale: ["/mail-settings"],
    done: () => {
      tellDone(t.shell.saved);
    },
  });
  return (
    <Panel title={s.team} text={s.teamText}>
      <FormBody form={f}>
        <TagsInput label={s.to} description={s.toText} maxTags={10} acceptValueOnBlur splitChars={[",", ";", " "]} placeholder="team@example.com" {...f.value("offline_to")} />
        <Select label={s.language} data={[{ value: "zh", label: "中文" }, { value: "en", label: "English" }]} {...f.value("locale")} />
      </FormBody>
    </Panel>
  );
}

const colour = { queued: "yellow", sent: "green", failed: "red" } as const;

function Log() {
  const t = useTexts().settings.mail;
  const list = usePages("/mails", { query: { limit: 50 } });
  return (
    <Panel title={t.log} text={t.logText}>
      {list.isPending ? <Skeletons /> : list.isError ? <Failed error={list.error} again={list.refetch} /> : list.items.length === 0 ? <p className={css.hint}>{t.noLog}</p> : (
        <ul className={css.rows}>
          {list.items.map((m) => (
            <li key={m.id} className={css.row} data-testid="mail">
              <span className={css.rowText}><b>{m.to}</b><span>{t.kinds[m.kind]} · {moment(Date.parse(m.created_at))}{m.error !== undefined && m.error !== "" && ` · ${m.error}`}</span></span>
              <span className={css.rowAside}>{m.attempts > 1 && <span>{say(t.attempts, { n: m.attempts })}</span>}<Badge color={colour[m.state]}>{t.states[m.state]}</Badge></span>
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
    </Panel>
  );
}
