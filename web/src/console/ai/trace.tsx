// How an answer came about: what was found, who was asked, what it cost and why it was said.

import { Badge, Drawer } from "@mantine/core";
import { useState } from "react";
import { useGet } from "../api/query.ts";
import type { AITrace } from "../api/schema.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { Copyable } from "../settings/parts/copy.tsx";
import { Empty } from "../ui/empty.tsx";
import { Failed } from "../ui/problem.tsx";
import css from "./ai.module.css";
import { readTrace, type Attempt, type Chunk, type Told } from "./trace.ts";
import { amount, brief, engineName, outcomeWords, percent, reasonWords } from "./words.ts";

/** Opens a trace at the side. */
export function TraceButton({ id, words }: { id: string; words: string }) {
  const t = useTexts();
  const [opened, setOpened] = useState(false);
  return (
    <>
      <button type="button" className={css.why} onClick={() => setOpened(true)} data-testid="trace-open">{words}</button>
      <Drawer opened={opened} onClose={() => setOpened(false)} position="right" size="lg" title={t.ai.try.trace} closeButtonProps={{ "aria-label": t.shell.close }}>{opened && <TraceOf id={id} />}</Drawer>
    </>
  );
}

/** The trace of a bot's message: of the visitor's question that it answers. */
export function WhyButton({ conv, question }: { conv: string; question: string }) {
  const t = useTexts();
  const [opened, setOpened] = useState(false);
  const q = useGet("/ai/traces", { query: { conversation: conv, limit: 200 } }, { enabled: opened, staleTime: 5_000 });
  const id = q.data?.data.find((x) => x.message_id === question)?.id;
  return (
    <>
      <button type="button" className={css.why} onClick={() => setOpened(true)} data-testid="why-answer">{t.ai.traces.why}</button>
      <Drawer opened={opened} onClose={() => setOpened(false)} position="right" size="lg" title={t.ai.traces.why} closeButtonProps={{ "aria-label": t.shell.close }}>
        {opened && (id !== undefined ? <TraceOf id={id} /> : q.isError ? <Failed error={q.error} again={q.refetch} /> : q.data === undefined ? <p role="status">{t.shell.loading}</p> : <Empty title={t.ai.traces.gone} />)}
      </Drawer>
    </>
  );
}

export function TraceOf({ id }: { id: string }) {
  const t = useTexts();
  const q = useGet("/ai/traces/{id}", { path: { id } }, { staleTime: Infinity });
  return q.data !== undefined ? <TraceView trace={q.data} /> : q.isError ? <Failed error={q.error} again={q.refetch} /> : <p role="status">{t.shell.loading}</p>;
}

function TraceView({ trace }: { trace: AITrace }) {
  const t = useTexts();
  const s = t.ai.traces;
  const told = readTrace(trace.trace);
  return (
    <div className={css.trace} data-testid="trace" data-outcome={trace.outcome}>
      <div>
        <p className={css.question} dir="auto"><q>{told.question}</q></p>
        <p className={css.line}>
          <Badge color={outcomeColour(trace.outcome)}>{outcomeWords(trace.outcome, t)}</Badge><span data-testid="trace-reason">{[told.reason, told.guard].filter((x) => x !== "").map((x) => reasonWords(x, t)).join(": ")}</span>
          {told.confidence !== null && <b>{say(t.ai.confidence, { n: percent(told.confidence) })}</b>}<span>{moment(Date.parse(trace.at))}</span><span>{say(s.took, { time: brief(told.took) })}</span>
        </p>
        <p className={css.line}>
          {trace.conversation_id === null ? <span>{s.byStaff}</span> : <a href={`/console/inbox/${trace.conversation_id}`}>{s.conversation}</a>}
          {told.intent.label !== "" && <span>{s.intent}: {told.intent.label} ({percent(told.intent.probability)})</span>}
          <span>{told.followUp.used ? <>{s.followUp} <q dir="auto">{told.followUp.of}</q></> : s.alone}</span>
        </p>
      </div>
      <Steps told={told} />
      <Found told={told} />
      <section>
        <h3>{s.engines}</h3>
        {told.attempts.length === 0 ? <p className={css.line}>{s.noEngines}</p> : <ul className={css.parts}>{told.attempts.map((a, i) => <Asked key={i} a={a} />)}</ul>}
      </section>
      <details>
        <summary>{s.evidence}</summary>
        <dl className={css.features}>{told.evidence.map((e) => <div key={e.name} style={{ display: "contents" }}><dt>{e.name}</dt><dd>{amount(e.value)}</dd></div>)}</dl>
      </details>
      <details>
        <summary>{s.whole}</summary>
        <pre className={css.quote} tabIndex={0}>{JSON.stringify(trace.trace, null, 2)}</pre>
      </details>
      <Copyable text={`${location.origin}/console/settings/traces/${trace.id}`} label={s.link} />
    </div>
  );
}

export function outcomeColour(outcome: string): string {
  return { answer: "green", clarify: "blue", handoff: "orange" }[outcome] ?? "gray";
}

function Steps({ told }: { told: Told }) {
  const s = useTexts().ai.traces;
  if (told.steps.length === 0) return null;
  const name = (n: string) => (Object.hasOwn(s.stepNames, n) ? s.stepNames[n as keyof Texts["ai"]["traces"]["stepNames"]] : n);
  return (
    <section>
      <h3>{s.steps}</h3>
      <ol className={css.steps}>{told.steps.map((x) => <li key={x.name} data-testid="step"><b>{name(x.name)}</b><time>{brief(x.ms)}</time>{x.why !== "" && <span>{x.why}</span>}</li>)}</ol>
    </section>
  );
}

function Found({ told }: { told: Told }) {
  const s = useTexts().ai.traces;
  return (
    <section>
      <h3>{s.chunks}</h3>
      {told.chunks.length === 0 ? <p className={css.line}>{s.noChunks}</p> : <>
        <p className={css.line}>{s.sure} <Bar at={told.sure} /> {percent(told.sure)}</p>
        <ul className={css.parts}>{told.chunks.map((c) => <Piece key={c.id} c={c} />)}</ul>
      </>}
    </section>
  );
}

function Piece({ c }: { c: Chunk }) {
  const s = useTexts().ai.traces;
  return (
    <li data-testid="chunk">
      <header><b dir="auto"><a href={`/console/settings/knowledge/${c.document}`}>{c.heading || c.id}</a></b><span className={css.line}>{s.score} {amount(c.score)}</span></header>
      {c.left !== "" && <span className={css.line}>{say(s.left, { why: c.left })}</span>}
    </li>
  );
}

function Asked({ a }: { a: Attempt }) {
  const t = useTexts();
  const s = t.ai.traces;
  const word = <K extends object>(words: K, k: string) => (Object.hasOwn(words, k) ? String(words[k as keyof K]) : k);
  return (
    <li data-chosen={a.verdict === "chosen"} data-testid="attempt">
      <header>
        <b>{engineName(a.engine, t)}</b><Badge color={a.verdict === "chosen" ? "green" : a.verdict === "failed" ? "red" : "gray"}>{word(s.verdicts, a.verdict)}</Badge>
        {a.confidence > 0 && <span className={css.line}>{say(t.ai.confidence, { n: percent(a.confidence) })}</span>}
      </header>
      <span className={css.line}>
        <span>{word(s.asked, a.why)}</span>{a.first > 0 && <span>{say(s.firstAfter, { time: brief(a.first) })}</span>}<span>{say(s.took, { time: brief(a.took) })}</span>
        {a.tokens > 0 && <span>{say(t.ai.engines.tokens, { n: a.tokens })}</span>}{a.cost > 0 && <span>{say(s.cost, { n: amount(a.cost) })}</span>}
      </span>
      {a.error !== "" && <span className={css.line}>{a.error}</span>}
      {a.text !== "" && <p className={css.quote} dir="auto" tabIndex={0}>{a.text}</p>}
      {a.features.length > 0 && <>
        <span className={css.line}><b>{s.features}</b></span>
        <dl className={css.features}>{a.features.map((f) => <div key={f.name} style={{ display: "contents" }}><dt>{s.featureNames[f.name]}</dt><dd><Bar at={f.value} />{percent(f.value)}</dd></div>)}</dl>
        {a.cites !== null && <span className={css.line}>{a.cites ? s.cites : s.noCites}</span>}
      </>}
      {a.removed.length > 0 && <span className={css.line}>{s.removed}: {a.removed.join(", ")}</span>}
    </li>
  );
}

function Bar({ at }: { at: number }) {
  return <span className={css.bar} aria-hidden="true"><i style={{ width: `${Math.round(Math.max(0, Math.min(1, at)) * 100)}%` }} /></span>;
}
