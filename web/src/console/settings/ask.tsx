// A box to try the bot: what it would say to a question, while it says it, and why.

import { Button, TextInput } from "@mantine/core";
import { useEffect, useRef, useState, type FormEvent } from "react";
import ai from "../ai/ai.module.css";
import { Sources, sourcesOf } from "../ai/sources.tsx";
import { TraceButton } from "../ai/trace.tsx";
import { engineName, percent, reasonWords } from "../ai/words.ts";
import { ApiError, stream } from "../api/client.ts";
import { refresh } from "../api/query.ts";
import type { AIAnswer } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Panel } from "../ui/page.tsx";
import { Problem } from "./parts/form.tsx";
import css from "./settings.module.css";

export function Ask() {
  const t = useTexts();
  const s = t.ai.try;
  const [question, setQuestion] = useState("");
  const [texts, setTexts] = useState<readonly string[]>([]);
  const [answer, setAnswer] = useState<AIAnswer | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [going, setGoing] = useState<AbortController | null>(null);
  const last = useRef<AbortController | null>(null);
  useEffect(() => () => last.current?.abort(), []);
  const ask = (e: FormEvent) => {
    e.preventDefault();
    if (question.trim() === "" || going !== null) return;
    const control = (last.current = new AbortController());
    setGoing(control);
    setTexts([]);
    setAnswer(null);
    setProblem(null);
    stream("POST /ai/ask", { body: { question: question.trim() } }, (name, data) => {
      const d = data as { message?: number; text?: string };
      const at = d.message ?? 0;
      if (name === "delta" && at < 4) setTexts((was) => Array.from({ length: Math.max(was.length, at + 1) }, (_, i) => (was[i] ?? "") + (i === at ? (d.text ?? "") : "")));
    }, { signal: control.signal }).then(setAnswer, (wrong: unknown) => {
      if (!control.signal.aborted) setProblem(wrong instanceof ApiError && wrong.code === "ai_off" ? new Error(t.ai.off) : wrong);
    }).finally(() => {
      setGoing(null);
      refresh("/ai/usage", "/ai/traces");
    });
  };
  return (
    <Panel title={s.title} text={`${s.text} ${s.saved}`}>
      <form className={ai.ask} onSubmit={ask}>
        <TextInput value={question} onChange={(e) => setQuestion(e.currentTarget.value)} maxLength={2000} placeholder={s.question} aria-label={s.question} data-testid="ask-question" />
        {going === null ? <Button type="submit" disabled={question.trim() === ""} data-testid="ask-go">{s.ask}</Button> : <Button variant="default" onClick={() => going.abort()} data-testid="ask-stop">{s.stop}</Button>}
      </form>
      <div className={ai.answer} aria-live="polite" aria-busy={going !== null} data-testid="ask-answer" data-step={answer?.step ?? ""}>
        {going !== null && texts.length === 0 && <p className={css.hint} role="status">{s.answering}</p>}
        {(texts.length > 0 ? texts : answer !== null && answer.answer !== "" ? [answer.answer] : []).map((x, i) => <div key={i} className={ai.said} dir="auto" data-testid="ask-text">{x}</div>)}
        {answer !== null && <Outcome answer={answer} />}
      </div>
      <Problem error={problem} />
    </Panel>
  );
}

function Outcome({ answer: a }: { answer: AIAnswer }) {
  const t = useTexts();
  return (
    <>
      {a.buttons.length > 0 && <div className={ai.chips}>{a.buttons.map((b) => <span key={b} className={ai.chip} dir="auto">{b}</span>)}</div>}
      <Sources all={sourcesOf(a.sources)} />
      <p className={ai.line}>
        <b>{t.ai.try.steps[a.step]}</b><span>{reasonWords(a.reason, t)}</span>
        <span data-testid="ask-confidence">{say(t.ai.confidence, { n: percent(a.confidence) })}</span>
        {engineName(a.engine, t) !== "" && <span data-testid="ask-engine">{engineName(a.engine, t)}</span>}
        {a.trace_id !== null && <TraceButton id={a.trace_id} words={t.ai.try.trace} />}
      </p>
    </>
  );
}
