// The bot: whether it answers, how it speaks, what it may cost, and a box to try it.

import { Alert, Button, Checkbox, NumberInput, SegmentedControl, Select, Switch, TagsInput, Textarea, TextInput, Input } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { amount } from "../ai/words.ts";
import ai from "../ai/ai.module.css";
import { call } from "../api/client.ts";
import { refresh, useGet } from "../api/query.ts";
import type { AIUsage, Bot } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { date, moment } from "../i18n/time.ts";
import { IconAlertTriangle, IconRobot } from "../ui/icons.ts";
import { Page, Panel } from "../ui/page.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { useMay } from "./access.ts";
import { Ask } from "./ask.tsx";
import { Skeletons } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, ReadOnly, useForm } from "./parts/form.tsx";
import css from "./settings.module.css";

export function BotPage() {
  const t = useTexts();
  const [, go] = useLocation();
  const q = useGet("/bot", {});
  const leads = useMay("leads"), staff = useMay("staff"), manages = useMay("managers");
  return (
    <Page title={t.settings.pages.bot} text={t.settings.about.bot} back={() => go("/")}>
      {q.isPending ? <Skeletons /> : q.isError ? <Failed error={q.error} again={q.refetch} /> : (
        <div className={css.look}>
          <ReadOnly when={!manages}><Editor kept={q.data} /></ReadOnly>
          <div>{staff && <Ask />}{leads && <Usage />}</div>
        </div>
      )}
    </Page>
  );
}

const tones = ["friendly", "neutral", "formal"] as const;
const begins = ["bot", "people"] as const;
const times = ["always", "open", "closed"] as const;
const asking = ["cheapest", "parallel"] as const;
const spoken = ["zh", "en"] as const;

const hundred = (n: number | undefined) => Math.round((n ?? 0) * 1000) / 10;

function Editor({ kept }: { kept: Bot }) {
  const t = useTexts();
  const s = t.ai.bot;
  const start = {
    enabled: kept.enabled, begins: kept.begins ?? "bot", name: kept.name ?? "", zh: kept.greeting?.zh ?? "", en: kept.greeting?.en ?? "", tone: kept.tone ?? "friendly", languages: kept.languages?.length ? kept.languages : [...spoken], topics: kept.topics ?? [], avoid: kept.avoid ?? [],
    hours: kept.hours ?? "always", clarify: kept.clarify ?? 2, answerFrom: hundred(kept.thresholds?.answer), clarifyFrom: hundred(kept.thresholds?.clarify), tokens: kept.budget?.tokens_per_day ?? 0, money: kept.budget?.money_per_day ?? 0, engines: kept.engines ?? "cheapest",
  };
  const positive = (n: unknown) => (typeof n === "number" && n >= 0 ? undefined : s.badNumber);
  const share = (n: unknown) => (typeof n === "number" && n >= 0 && n <= 100 ? undefined : s.badShare);
  const f = useForm(start, {
    check: (v) => ({
      clarify: [0, 1, 2].includes(v.clarify) ? undefined : s.badClarify, answerFrom: share(v.answerFrom), clarifyFrom: share(v.clarifyFrom) ?? (v.answerFrom > 0 && v.clarifyFrom > v.answerFrom ? s.badOrder : undefined),
      languages: v.languages.length === 0 ? s.noLanguage : undefined, tokens: positive(v.tokens), money: positive(v.money) }),
    of: kept,
    save: (v, { seen }) => call("PATCH /bot", { body: {
      enabled: v.enabled, begins: v.begins, name: v.name.trim(), greeting: { zh: v.zh, en: v.en }, tone: v.tone, languages: v.languages, topics: v.topics, avoid: v.avoid, clarify: v.clarify, thresholds: { answer: v.answerFrom / 100, clarify: v.clarifyFrom / 100 }, hours: v.hours, engines: v.engines, budget: { tokens_per_day: v.tokens, money_per_day: v.money }, ...seen,
    } }),
    stale: ["/bot", "/ai/usage"],
    done: () => {
      tellDone(t.shell.saved);
    },
  });
  return (
    <FormBody form={f} aside={kept.version > 0 && <Confirm testid="reset" color="gray" action={s.reset} title={s.reset} text={s.resetText} run={() => call("DELETE /bot", {})} done={() => { f.reset(); refresh("/bot", "/ai/usage"); }} />}>
      <Panel title={kept.enabled ? s.on : s.off} {...(kept.enabled ? {} : { text: s.offText })} actions={<IconRobot size={22} aria-hidden="true" color={kept.enabled ? "var(--u-ok)" : "var(--u-faint)"} />}>
        <Switch label={s.enabled} description={s.enabledText} {...f.check("enabled")} />
      </Panel>
      <Panel title={s.who} text={s.whoText}>
        <div className={css.fields}>
          <TextInput label={s.name} description={s.nameText} maxLength={100} {...f.text("name")} />
          <Textarea label={s.greetingZh} autosize minRows={1} maxLength={2000} {...f.text("zh")} />
          <Textarea label={s.greetingEn} description={s.greetingText} autosize minRows={1} maxLength={2000} {...f.text("en")} />
          <Input.Wrapper label={s.tone} labelElement="div"><SegmentedControl fullWidth aria-label={s.tone} data={tones.map((value) => ({ value, label: s.tones[value] }))} value={f.values.tone} onChange={(tone) => f.set({ tone: tone as (typeof tones)[number] })} data-testid="field-tone" /></Input.Wrapper>
        </div>
      </Panel>
      <Panel title={s.what} text={s.whatText}>
        <div className={css.fields}>
          <Checkbox.Group label={s.languages} description={s.languagesText} {...f.value("languages")} onChange={(x) => f.set({ languages: spoken.filter((l) => x.includes(l)) })}>
            {spoken.map((l) => <Checkbox key={l} mt="xs" value={l} label={s[l]} data-testid={`language-${l}`} />)}
          </Checkbox.Group>
          <TagsInput label={s.topics} description={s.topicsText} placeholder={f.values.topics.length === 0 ? s.topicsExample : ""} maxTags={50} acceptValueOnBlur {...f.value("topics")} />
          <TagsInput label={s.avoid} description={s.avoidText} placeholder={f.values.avoid.length === 0 ? s.avoidExample : ""} maxTags={50} acceptValueOnBlur {...f.value("avoid")} />
          <Select label={s.begins} data={begins.map((value) => ({ value, label: s.beginsOf[value] }))} allowDeselect={false} {...f.value("begins")} />
          <Select label={s.hours} data={times.map((value) => ({ value, label: s.hoursOf[value] }))} allowDeselect={false} {...f.value("hours")} />
        </div>
      </Panel>
      <Panel title={s.sure} text={s.sureText}>
        <div className={css.fields}>
          <NumberInput label={s.clarify} description={s.clarifyText} min={0} max={2} allowDecimal={false} {...f.value("clarify")} />
          <div className={css.pair}>
            <NumberInput label={s.answerFrom} description={s.shipped} min={0} max={100} suffix=" %" {...f.value("answerFrom")} />
            <NumberInput label={s.clarifyFrom} description={s.shipped} min={0} max={100} suffix=" %" {...f.value("clarifyFrom")} />
          </div>
        </div>
      </Panel>
      <Panel title={s.budget} text={s.budgetText}>
        <Select mb="md" label={s.asking} description={s.askingText} data={asking.map((value) => ({ value, label: s.askingOf[value] }))} allowDeselect={false} {...f.value("engines")} />
        <div className={css.pair}>
          <NumberInput label={s.tokens} description={s.zeroIsNone} min={0} max={1e12} allowDecimal={false} thousandSeparator="," {...f.value("tokens")} />
          <NumberInput label={s.money} description={`${s.moneyText} ${s.zeroIsNone}`} min={0} max={1e9} decimalScale={4} thousandSeparator="," {...f.value("money")} />
        </div>
      </Panel>
    </FormBody>
  );
}

/** What engines used today, and on the days before. */
export function Usage() {
  const t = useTexts();
  const s = t.ai.bot;
  const q = useGet("/ai/usage", { query: { days: 30 } }, { staleTime: 5_000 });
  if (q.data === undefined) return q.isError ? <Panel title={t.ai.usage.title}><Failed error={q.error} again={q.refetch} /></Panel> : <Skeletons />;
  const u = q.data;
  const days = u.data.filter((d) => d.tokens > 0 || d.money > 0);
  return (
    <Panel title={t.ai.usage.title} text={say(s.resets, { time: moment(Date.parse(u.resets_at)) })} actions={<Button component={Link} href="/engines" variant="default">{s.engines}</Button>}>
      <div className={css.fields} data-testid="usage" data-tokens={u.tokens}>
        {u.exhausted && <Alert color="orange" title={s.exhausted} icon={<IconAlertTriangle size={17} />} data-testid="exhausted">{say(s.exhaustedText, { time: moment(Date.parse(u.resets_at)) })}</Alert>}
        {!u.exhausted && u.refused > 0 && <Alert color="orange" title={s.refused} icon={<IconAlertTriangle size={17} />} data-testid="refused">{say(s.refusedText, { n: u.refused, time: moment(Date.parse(u.resets_at)) })}</Alert>}
        <Meter name={s.tokens} used={u.tokens} most={u.max_tokens} />
        <Meter name={s.money} used={u.money} most={u.max_money} />
        {days.length === 0 ? <p className={css.hint}>{s.nothingUsed}</p> : <Days days={days} />}
      </div>
    </Panel>
  );
}

function Meter({ name, used, most }: { name: string; used: number; most: number | null }) {
  const s = useTexts().ai.bot;
  return (
    <div className={ai.meter}>
      <p className={ai.line}><span>{name} · {s.used}</span><b>{most === null ? say(s.noLimit, { n: amount(used) }) : say(s.of, { n: amount(used), most: amount(most) })}</b></p>
      {most !== null && <span className={ai.bar} data-full={used >= most} aria-hidden="true"><i style={{ width: `${Math.min(100, most > 0 ? (used / most) * 100 : 0)}%` }} /></span>}
    </div>
  );
}

function Days({ days }: { days: AIUsage["data"] }) {
  const s = useTexts().ai.bot;
  return (
    <table className={ai.days} aria-label={s.days}>
      <thead><tr><th scope="col">{s.day}</th><th scope="col">{s.tokens}</th><th scope="col">{s.money}</th></tr></thead>
      <tbody>{days.slice(-30).reverse().map((d) => <tr key={d.day}><th scope="row">{date(Date.parse(d.day))}</th><td>{amount(d.tokens)}</td><td>{amount(d.money)}</td></tr>)}</tbody>
    </table>
  );
}
