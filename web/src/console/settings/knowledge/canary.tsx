// A version that is being tried, and how the next ones are.

import { Button, NumberInput, Select } from "@mantine/core";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { CanaryPlan, KnowledgeCanary, KnowledgeIndex } from "../../api/schema.ts";
import { say, useTexts } from "../../i18n/index.ts";
import { duration, moment } from "../../i18n/time.ts";
import { Panel } from "../../ui/page.tsx";
import { tellDone, tellProblem } from "../../ui/problem.tsx";
import { useMay } from "../access.ts";
import { Confirm } from "../parts/confirm.tsx";
import { FormBody, ReadOnly, useForm } from "../parts/form.tsx";
import settings from "../settings.module.css";
import { reread } from "./data.ts";
import css from "./knowledge.module.css";

/** What came of questions to a version that is tried, beside the one in use. */
export function Tallies({ before, tried }: { before: KnowledgeCanary["before"]; tried: KnowledgeCanary["tried"] }) {
  const t = useTexts().knowledge.canary;
  return (
    <table className={css.table} data-testid="tallies">
      <thead><tr><th scope="col">{t.which}</th><th scope="col">{t.asked}</th><th scope="col">{t.open}</th></tr></thead>
      <tbody>
        {[[t.inUse, before] as const, [t.triedOne, tried] as const].map(([name, n]) => (
          <tr key={name}><th scope="row">{name}</th><td>{n.asked}</td><td>{n.open}{n.asked > 0 && <span className={css.pale}> ({Math.round((100 * n.open) / n.asked)} %)</span>}</td></tr>
        ))}
      </tbody>
    </table>
  );
}

export function Canary({ canary: c }: { canary: KnowledgeCanary }) {
  const s = useTexts().knowledge.canary;
  const lead = useMay("leads");
  const [busy, setBusy] = useState(false);
  const use = () => {
    setBusy(true);
    call("POST /knowledge/canary/promote", {}).then(() => {
      reread();
      tellDone(say(s.used, { n: c.version }));
    }, tellProblem).finally(() => setBusy(false));
  };
  const back = async () => {
    await call("POST /knowledge/rollback", { body: {} });
    reread();
  };
  return (
    <Panel title={say(s.title, { n: c.version })} text={say(s.text, { percent: c.percent, began: moment(Date.parse(c.began_at)), ends: moment(Date.parse(c.ends_at)) })}>
      <div data-testid="canary" data-version={c.version}>
        <Tallies before={c.before} tried={c.tried} />
        <p className={`${settings.hint} ${css.after}`}>{s.hint}</p>
        {lead && (
          <div className={settings.buttons}>
            <Button loading={busy} onClick={use} data-testid="promote">{s.use}</Button>
            <Confirm testid="take-back" variant="default" color="brand" action={s.back} title={say(s.backTitle, { n: c.version })} text={s.backText} run={back} done={() => tellDone(s.backDone)} />
          </div>
        )}
      </div>
    </Panel>
  );
}

/** For how long a version may be tried, in minutes. */
const times = [15, 60, 240, 1440, 4320, 10_080];

export function Plan({ index }: { index: KnowledgeIndex }) {
  const s = useTexts().knowledge.canary;
  const lead = useMay("leads");
  const kept = index.canary_plan;
  const start = { percent: kept.percent, minutes: String(kept.minutes || 60) };
  const whole = (n: unknown) => typeof n === "number" && Number.isInteger(n) && n >= 0 && n <= 50;
  const f = useForm(start, {
    check: (v) => ({ percent: whole(v.percent) ? undefined : s.badPercent }),
    of: kept,
    save: async (v): Promise<CanaryPlan> => (await call("PUT /knowledge/canary", { body: { percent: v.percent, minutes: v.percent === 0 ? 0 : Number(v.minutes) } })).canary_plan,
    stale: ["/knowledge/reindex"],
    done: () => tellDone(s.saved),
  });
  const choices = [...new Set([...times, Number(start.minutes)])].sort((a, b) => a - b).map((n) => ({ value: String(n), label: duration(n * 60_000) }));
  return (
    <Panel title={s.plan} text={s.planText}>
      <ReadOnly when={!lead}>
        <FormBody form={f}>
          <NumberInput label={s.percent} description={s.percentText} suffix=" %" min={0} max={50} allowDecimal={false} {...f.value("percent")} />
          {f.values.percent !== 0 && <Select label={s.minutes} description={s.minutesText} data={choices} allowDeselect={false} {...f.value("minutes")} />}
        </FormBody>
      </ReadOnly>
    </Panel>
  );
}
