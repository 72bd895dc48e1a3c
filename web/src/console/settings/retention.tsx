// Retention: how long things are kept.

import { NumberInput } from "@mantine/core";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import { refresh, useGet } from "../api/query.ts";
import type { Retention } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { Page, Panel } from "../ui/page.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { Skeletons } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import css from "./settings.module.css";

const names = ["conversations_days", "uploads_days", "events_days", "deliveries_days", "mails_days", "audit_days"] as const;
type Days = Record<(typeof names)[number], number>;

export function RetentionPage() {
  const t = useTexts();
  const [, go] = useLocation();
  const q = useGet("/retention", {});
  return (
    <Page title={t.settings.pages.retention} text={t.settings.about.retention} back={() => go("/")}>
      <div className={css.narrow}>{q.isPending ? <Skeletons /> : q.isError ? <Failed error={q.error} again={q.refetch} /> : <Editor kept={q.data} />}</div>
    </Page>
  );
}

function Editor({ kept }: { kept: Retention }) {
  const t = useTexts();
  const s = t.settings.retention;
  const start = Object.fromEntries(names.map((n) => [n, kept[n] ?? 0])) as Days;
  const whole = (n: unknown) => typeof n === "number" && Number.isInteger(n) && n >= 0 && n <= 36_500;
  const f = useForm(start, {
    check: (v) => ({ ...Object.fromEntries(names.map((n) => [n, whole(v[n]) ? undefined : s.badDays])), ...(v.audit_days > 0 && v.audit_days < 30 ? { audit_days: s.badAudit } : {}) }),
    of: kept,
    save: (v, { seen }) => call("PATCH /retention", { body: { ...v, ...seen } }),
    stale: ["/retention"],
    done: () => {
      tellDone(t.shell.saved);
    },
  });
  return (
    <Panel text={s.text} title={t.settings.pages.retention}>
      <FormBody form={f} aside={kept.version > 0 && <Confirm testid="reset" color="gray" action={s.reset} title={s.reset} text={s.resetText} run={() => call("DELETE /retention", {})} done={() => { f.reset(); refresh("/retention"); }} />}>
        {names.map((n) => <NumberInput key={n} label={s.fields[n]} description={s.about[n]} suffix={` ${s.days}`} min={0} max={36_500} allowDecimal={false} {...f.value(n)} />)}
      </FormBody>
    </Panel>
  );
}
