// A box to try questions: what is found, why, and what an answer would be made from.

import { Badge, Button, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { call } from "../../api/client.ts";
import { refresh, useGet } from "../../api/query.ts";
import type { KnowledgeHit } from "../../api/schema.ts";
import { locale, say, useTexts } from "../../i18n/index.ts";
import { Empty } from "../../ui/empty.tsx";
import { IconBook2, IconCircleCheck, IconPencilPlus, IconQuestionMark, IconSearch, IconTargetArrow } from "../../ui/icons.ts";
import { Failed, tellProblem } from "../../ui/problem.tsx";
import { useMay } from "../access.ts";
import { Skeletons } from "../parts/collection.tsx";
import settings from "../settings.module.css";
import css from "./knowledge.module.css";
import { Lines } from "./preview.tsx";

export function Try() {
  const t = useTexts().knowledge.try;
  const [, go] = useLocation();
  const asked = (new URLSearchParams(useSearch()).get("q") ?? "").trim().slice(0, 500);
  const [word, setWord] = useState(asked);
  const q = useGet("/knowledge/search", { query: { q: asked, limit: 5 } }, { enabled: asked !== "", staleTime: 0 });
  const ask = (e: FormEvent) => {
    e.preventDefault();
    if (word.trim() === asked) void (asked === "" || q.refetch());
    else go(`/knowledge/try${word.trim() === "" ? "" : `?${new URLSearchParams({ q: word.trim() })}`}`, { replace: asked === "" });
  };
  return (
    <>
      <form className={css.ask} onSubmit={ask} role="search">
        <TextInput className={css.grow} size="md" value={word} onChange={(e) => setWord(e.currentTarget.value)} maxLength={500} autoFocus placeholder={t.question} aria-label={t.question} leftSection={<IconSearch size={17} />} data-testid="question" />
        <Button type="submit" size="md" loading={q.isFetching} data-testid="ask">{t.ask}</Button>
      </form>
      {asked === "" ? <div className={settings.panelless}><Empty title={t.begin} text={t.beginText} icon={<IconQuestionMark size={22} />} /></div>
        : q.isError ? <Failed error={q.error} again={q.refetch} /> : q.data === undefined ? <Skeletons /> : <Hits key={asked} question={asked} hits={q.data.data} version={q.data.version} />}
    </>
  );
}

/** The page of a new document that is to answer a question. */
export function answerTo(question: string, unanswered = ""): string {
  return `/knowledge/new?${new URLSearchParams({ question: question.slice(0, 200), ...(unanswered === "" ? {} : { unanswered }) })}`;
}

function Hits({ question, hits, version }: { question: string; hits: readonly KnowledgeHit[]; version: number }) {
  const t = useTexts().knowledge.try;
  const lead = useMay("leads");
  const [, go] = useLocation();
  const write = lead && <Button leftSection={<IconPencilPlus size={16} />} variant={hits.length === 0 ? "filled" : "default"} onClick={() => go(answerTo(question))} data-testid="write">{t.write}</Button>;
  if (hits.length === 0) {
    const none = version === 0 ? { title: t.noIndex, text: t.noIndexText } : { title: t.none, text: t.noneText };
    return <div className={settings.panelless} data-testid="no-hits"><Empty {...none} icon={<IconBook2 size={22} />}><div className={settings.buttons}>{write}<Note question={question} /></div></Empty></div>;
  }
  const best = hits[0]?.score ?? 0;
  const used = hits.find((h) => h.left_out === undefined);
  return (
    <section aria-label={t.results} data-testid="hits" data-version={version}>
      <ol className={css.hits}>{hits.map((h) => <Hit key={h.chunk.id} hit={h} first={h === used} best={best} question={question} />)}</ol>
      <div className={settings.buttons}>{write}<Note question={question} /><span className={settings.space} /><span className={css.pale}>{say(t.version, { n: version })}</span></div>
    </section>
  );
}

const evidence = ["words", "parts", "concepts", "heading_vector", "text_vector"] as const;

function Hit({ hit: h, first, best, question }: { hit: KnowledgeHit; first: boolean; best: number; question: string }) {
  const t = useTexts().knowledge.try;
  const lead = useMay("leads");
  const expect = `/knowledge/golden/new?${new URLSearchParams({ question, document: h.document.id })}`;
  return (
    <li className={css.hit} data-first={first} data-testid="hit" data-document={h.document.id}>
      <header>
        <Link href={`/knowledge/${h.document.id}`} dir="auto">{h.document.title}</Link>
        {first && <Badge color="green" leftSection={<IconCircleCheck size={13} />} data-testid="used">{t.used}</Badge>}
        {h.left_out !== undefined && <Badge color="yellow" title={say(t.leftOutText, { words: h.left_out })} data-testid="left-out">{t.leftOut}</Badge>}
        {h.chunk.question && <Badge color="gray">{t.answers}</Badge>}
        <span className={css.score} title={say(t.score, { n: number(h.score) })}><Bar at={best > 0 ? h.score / best : 0} /><b>{number(h.score)}</b></span>
      </header>
      {h.chunk.heading !== "" && <h3 dir="auto">{h.chunk.heading}</h3>}
      <Lines text={h.chunk.text} />
      <footer>
        <details>
          <summary>{t.why}</summary>
          <dl className={css.why}>{evidence.map((name) => <div key={name}><dt>{t.scores[name]}</dt><dd><Bar at={h.scores[name]} />{number(h.scores[name])}</dd></div>)}</dl>
        </details>
        {lead && <Link href={expect} className={css.act} title={t.goldenText} data-testid="expect"><IconTargetArrow size={15} aria-hidden="true" />{t.golden}</Link>}
      </footer>
    </li>
  );
}

function number(n: number): string {
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(n);
}

function Bar({ at }: { at: number }) {
  return <span className={css.bar} aria-hidden="true"><i style={{ width: `${Math.round(Math.max(0, Math.min(1, at)) * 100)}%` }} /></span>;
}

/** Counts the question among those that nothing answered. */
function Note({ question }: { question: string }) {
  const t = useTexts().knowledge.try;
  const staff = useMay("staff");
  const [noted, setNoted] = useState(false);
  const note = () => {
    setNoted(true);
    call("POST /knowledge/unanswered", { body: { question } }).then(() => refresh("/knowledge/unanswered"), (e: unknown) => {
      setNoted(false);
      tellProblem(e);
    });
  };
  return staff ? <Button variant="subtle" color="gray" disabled={noted} onClick={note} data-testid="note-unanswered">{noted ? t.noted : t.unanswered}</Button> : null;
}
