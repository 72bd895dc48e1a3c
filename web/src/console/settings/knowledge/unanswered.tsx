// Questions that nothing answered: what is missing in the knowledge.

import { Badge, Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { call } from "../../api/client.ts";
import { refresh } from "../../api/query.ts";
import type { Unanswered as Question } from "../../api/schema.ts";
import { say, useTexts } from "../../i18n/index.ts";
import { moment } from "../../i18n/time.ts";
import { Empty } from "../../ui/empty.tsx";
import { IconCircleCheck, IconPencilPlus, IconSearch } from "../../ui/icons.ts";
import { Failed, tellProblem } from "../../ui/problem.tsx";
import { useMay } from "../access.ts";
import { Skeletons } from "../parts/collection.tsx";
import settings from "../settings.module.css";
import { useUnanswered } from "./data.ts";
import css from "./knowledge.module.css";
import { answerTo } from "./try.tsx";

const page = 50;

export function Unanswered() {
  const t = useTexts();
  const s = t.knowledge.unanswered;
  const list = useUnanswered();
  const [word, setWord] = useState("");
  const [sort, setSort] = useState<"count" | "last">("count");
  const [steps, setSteps] = useState(1);
  if (list.isPending) return <Skeletons />;
  if (list.isError) return <Failed error={list.error} again={list.refetch} />;
  if (list.items.length === 0) return <div className={settings.panelless} data-testid="all-answered"><Empty title={s.empty} text={s.emptyText} icon={<IconCircleCheck size={22} />} /></div>;
  const fitting = mostWanted(list.items, word, sort);
  const shown = fitting.slice(0, steps * page);
  return (
    <>
      <div className={css.filters}>
        <TextInput className={css.grow} value={word} onChange={(e) => setWord(e.currentTarget.value)} placeholder={s.find} aria-label={s.find} leftSection={<IconSearch size={15} />} />
        <Select aria-label={s.sort} value={sort} onChange={(v) => setSort(v === "last" ? "last" : "count")} data={[{ value: "count", label: s.sorts.count }, { value: "last", label: s.sorts.last }]} />
      </div>
      <ul className={settings.rows} aria-label={t.knowledge.tabs.unanswered}>{shown.map((u) => <Row key={u.id} question={u} />)}</ul>
      {shown.length === 0 && <p className={settings.faint}>{t.shell.paletteEmpty}</p>}
      {shown.length < fitting.length && <div className={settings.center}><Button variant="default" onClick={() => setSteps(steps + 1)}>{t.shell.loadMore}</Button></div>}
    </>
  );
}

/** The questions with a word, in the order of how often or how late they were asked. */
export function mostWanted(all: readonly Question[], word: string, sort: "count" | "last"): Question[] {
  const wanted = word.trim().toLowerCase();
  const late = (a: Question, b: Question) => Date.parse(b.last_at) - Date.parse(a.last_at);
  return all.filter((u) => u.question.toLowerCase().includes(wanted)).sort((a, b) => (sort === "count" ? b.count - a.count || late(a, b) : late(a, b)));
}

function Row({ question: u }: { question: Question }) {
  const t = useTexts().knowledge.unanswered;
  const [, go] = useLocation();
  const lead = useMay("leads");
  const [busy, setBusy] = useState(false);
  const dismiss = () => {
    setBusy(true);
    call("POST /knowledge/unanswered/{id}/dismiss", { path: { id: u.id } }).then(() => refresh("/knowledge/unanswered"), (e: unknown) => {
      setBusy(false);
      tellProblem(e);
    });
  };
  return (
    <li className={css.asked} data-testid="unanswered">
      <div className={settings.rowText}>
        <b dir="auto">{u.question}</b>
        <span><Badge color={u.count > 1 ? "orange" : "gray"} data-testid="count">{say(t.count, { n: u.count })}</Badge> {say(t.last, { time: moment(Date.parse(u.last_at)) })}{u.count > 1 && ` · ${say(t.since, { time: moment(Date.parse(u.first_at)) })}`}</span>
      </div>
      <div className={css.acts}>
        <Link href={`/knowledge/try?${new URLSearchParams({ q: u.question })}`} className={css.act} data-testid="try-question">{t.tryIt}</Link>
        {lead && <Button variant="default" leftSection={<IconPencilPlus size={15} />} onClick={() => go(answerTo(u.question, u.id))} data-testid="answer-question">{t.write}</Button>}
        {lead && <Button variant="subtle" color="gray" loading={busy} onClick={dismiss} aria-label={say(t.dismissName, { question: u.question })} data-testid="dismiss">{t.dismiss}</Button>}
      </div>
    </li>
  );
}
