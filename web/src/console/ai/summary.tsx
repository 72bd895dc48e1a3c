// What somebody needs to know who takes a conversation over.

import { Button, Modal } from "@mantine/core";
import { useEffect, useState } from "react";
import { str } from "../../widget/text.ts";
import { ApiError, call, long } from "../api/client.ts";
import { locale, say, useTexts, type Texts } from "../i18n/index.ts";
import { tellDone } from "../ui/problem.tsx";
import { Problem } from "../settings/parts/form.tsx";
import settings from "../settings/settings.module.css";
import css from "./ai.module.css";
import { engineName, reasonWords } from "./words.ts";

export interface Summary { text: string; engine: string; language: string; why: string; wants: string[]; tried: string[]; orders: string[]; found: string[]; points: string[] }

/** A summary, from the API or a note of the bot's; null if there is none. */
export function summaryOf(raw: unknown): Summary | null {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return null;
  const r = raw as Record<string, unknown>;
  const all = (v: unknown) => (Array.isArray(v) ? v.map(str).filter((x) => x !== "") : []);
  return { text: str(r["text"]), engine: str(r["engine"]), language: str(r["language"]), why: str(r["why"]), wants: all(r["wants"]), tried: all(r["tried"]), orders: all(r["orders"]), found: all(r["found"]), points: all(r["points"]) };
}

const lists = ["wants", "points", "tried", "orders", "found"] as const;

export function SummaryView({ summary: m, handed }: { summary: Summary; handed?: boolean }) {
  const t = useTexts();
  const s = t.ai.summary;
  const shown = lists.filter((n) => m[n].length > 0 && !(n === "points" && m.text !== ""));
  if (m.text === "" && shown.length === 0 && handed !== true) return <p>{s.empty}</p>;
  return (
    <div className={css.summary} data-testid="summary">
      {handed === true && <b>{s.handed}{m.why !== "" && `: ${reasonWords(m.why, t)}`}</b>}
      {m.text !== "" && <p dir="auto">{m.text}</p>}
      <dl>{shown.map((n) => <div key={n}><dt>{s[n]}</dt><dd><ul>{m[n].map((x, i) => <li key={i} dir="auto">{x}</li>)}</ul></dd></div>)}</dl>
      <span className={css.line}>
        {m.language !== "" && <span>{say(s.language, { name: languageName(m.language) })}</span>}
        {m.engine !== "" && m.text !== "" && <span>{say(s.by, { name: engineName(m.engine, t) })}</span>}
      </span>
    </div>
  );
}

function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(locale(), { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** The same as lines of text, for a note. */
export function summaryText(m: Summary, t: Texts): string {
  const parts = lists.filter((n) => m[n].length > 0 && !(n === "points" && m.text !== "")).map((n) => `${t.ai.summary[n]}:\n${m[n].map((x) => `- ${x}`).join("\n")}`);
  return [t.ai.summary.title, ...(m.text === "" ? [] : [m.text]), ...parts].join("\n\n");
}

/** Sums a conversation up, and keeps it as a note if that is wanted. */
export function SummaryModal({ conv, close, keep }: { conv: string; close: () => void; keep?: (text: string) => void }) {
  const t = useTexts();
  const s = t.ai.summary;
  const [summary, setSummary] = useState<Summary | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const language = locale().startsWith("zh") ? "zh" : "en";
  useEffect(() => {
    const control = new AbortController();
    call("POST /ai/summary", { body: { conversation: conv, language } }, { signal: control.signal, patience: long }).then((x) => setSummary(summaryOf(x)), (e: unknown) => {
      if (!control.signal.aborted) setProblem(e instanceof ApiError && e.code === "ai_off" ? new Error(t.ai.off) : e);
    });
    return () => control.abort();
  }, [conv, language]);
  return (
    <Modal opened onClose={close} title={s.title} size="lg" closeButtonProps={{ "aria-label": t.shell.close }}>
      {problem !== null ? <Problem error={problem} /> : summary === null ? <p role="status">{s.thinking}</p> : <>
        <SummaryView summary={summary} />
        {keep !== undefined && <div className={settings.buttons}><Button variant="default" onClick={() => { keep(summaryText(summary, t)); tellDone(s.kept); close(); }} data-testid="summary-keep">{s.keep}</Button></div>}
      </>}
    </Modal>
  );
}
