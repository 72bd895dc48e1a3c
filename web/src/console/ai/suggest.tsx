// Answers that an agent may take: never sent by themselves.

import { ActionIcon, Badge, Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { ApiError, call, long } from "../api/client.ts";
import type { AISuggestions } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { IconRefresh, IconSparkles, IconX } from "../ui/icons.ts";
import { Problem } from "../settings/parts/form.tsx";
import css from "./ai.module.css";
import { Sources, sourcesOf } from "./sources.tsx";
import { TraceButton } from "./trace.tsx";
import { engineName, percent } from "./words.ts";

interface Props { conv: string; insert: (text: string) => void; close: () => void }

export function Suggest({ conv, insert, close }: Props) {
  const t = useTexts();
  const s = t.ai.suggest;
  const [got, setGot] = useState<AISuggestions | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    setGot(null);
    setProblem(null);
    call("POST /ai/suggest", { body: { conversation: conv } }, { signal: control.signal, patience: long }).then(setGot, (e: unknown) => {
      if (!control.signal.aborted) setProblem(e instanceof ApiError && e.code === "ai_off" ? new Error(t.ai.off) : e);
    });
    return () => control.abort();
  }, [conv, round]);
  return (
    <section className={css.suggest} aria-label={s.title} aria-live="polite" data-testid="suggestions" onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); close(); } }}>
      <header>
        <IconSparkles size={15} aria-hidden="true" /><b>{s.title}</b><span className={css.space} />
        {got?.trace_id != null && <TraceButton id={got.trace_id} words={t.ai.try.trace} />}
        <ActionIcon size="sm" onClick={() => setRound((n) => n + 1)} aria-label={s.again} disabled={got === null && problem === null}><IconRefresh size={15} /></ActionIcon>
        <ActionIcon size="sm" onClick={close} aria-label={s.close} data-testid="suggest-close"><IconX size={15} /></ActionIcon>
      </header>
      {problem !== null ? <Problem error={problem} /> : got === null ? <p role="status">{s.thinking}</p> : got.data.length === 0 ? <p data-testid="no-suggestion">{s.none}</p> : <>
        <ol>
          {got.data.map((x, i) => (
            <li key={i} data-testid="suggestion">
              <p dir="auto" data-text>{x.text}</p>
              <Sources all={sourcesOf(x.sources)} />
              <div className={css.line}>
                <Button size="compact-sm" onClick={() => insert(x.text)} data-testid="suggestion-insert">{s.insert}</Button>
                <Badge color="gray">{say(t.ai.confidence, { n: percent(x.confidence) })}</Badge><span>{engineName(x.engine, t)}</span>
              </div>
            </li>
          ))}
        </ol>
        <p className={css.line}>{s.note}</p>
      </>}
    </section>
  );
}
