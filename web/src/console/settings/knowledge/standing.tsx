// How the index stands, in a line above everything else; and, when the latest changes are not in use, why.

import { Alert, Progress } from "@mantine/core";
import { Link } from "wouter";
import type { KnowledgeFailure, KnowledgeIndex } from "../../api/schema.ts";
import { say, useTexts } from "../../i18n/index.ts";
import { moment } from "../../i18n/time.ts";
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconFlask, IconHistory, IconRefresh } from "../../ui/icons.ts";
import { useTitles } from "./data.ts";
import css from "./knowledge.module.css";
import { busy, part } from "./standing.ts";

export function Standing({ index }: { index: KnowledgeIndex }) {
  const t = useTexts().knowledge;
  return (
    <div className={css.standing} data-testid="index" data-state={index.state} data-version={index.version} data-failed={index.last_failure !== undefined}>
      <Line index={index} />
      {busy(index) && <Building index={index} />}
      {!busy(index) && index.last_failure !== undefined && <Failure failure={index.last_failure} />}
      {!busy(index) && index.canary !== undefined && (
        <Alert color="blue" icon={<IconFlask size={17} />} title={say(t.canary.title, { n: index.canary.version })} data-testid="tried">
          {say(t.canary.alert, { percent: index.canary.percent, ends: moment(Date.parse(index.canary.ends_at)) })} <Link href="/knowledge/index">{t.tabs.index}</Link>
        </Alert>
      )}
      {!busy(index) && index.rolled_back && (
        <Alert color="yellow" icon={<IconHistory size={17} />} title={say(t.index.back, { n: index.version })}>{t.index.backText} <Link href="/knowledge/index">{t.tabs.index}</Link></Alert>
      )}
    </div>
  );
}

function Line({ index }: { index: KnowledgeIndex }) {
  const t = useTexts().knowledge;
  const Icon = busy(index) ? IconRefresh : index.version === 0 ? IconCircleDashed : index.last_failure !== undefined ? IconAlertTriangle : IconCircleCheck;
  const facts = [say(t.index.version, { n: index.version }), say(t.documents, { n: index.documents }), say(t.chunks, { n: index.chunks }), ...(index.built_at === null ? [] : [say(t.index.built, { time: moment(Date.parse(index.built_at)) })])];
  return <p className={css.line}><Icon size={16} aria-hidden="true" />{index.version === 0 ? t.index.none : facts.map((f) => <span key={f}>{f}</span>)}</p>;
}

/** The bar of a build. */
export function Building({ index }: { index: KnowledgeIndex }) {
  const t = useTexts().knowledge.index;
  const at = part(index);
  return (
    <div className={css.building} data-testid="building">
      <span>{index.state === "waiting" ? t.waiting : t.building}{at !== null && <small>{say(t.progress, { done: index.done, total: index.total })}</small>}</span>
      <Progress value={at === null ? 100 : at * 100} animated={at === null} size="sm" aria-label={t.building} />
    </div>
  );
}

const few = 3;

function Failure({ failure }: { failure: KnowledgeFailure }) {
  const t = useTexts().knowledge;
  const title = useTitles();
  const told = failure.golden.filter((g) => g.question !== "");
  return (
    <Alert color="red" icon={<IconAlertTriangle size={17} />} title={t.index.failed} data-testid="failure">
      {t.reasons[failure.reason]} {t.index.failedText}
      {told.length > 0 && (
        <ul className={css.misses}>
          {told.slice(0, few).map((g) => <li key={g.id}>{g.found_document_id === null ? say(t.index.missedNothing, { question: g.question, expected: title(g.document_id) }) : say(t.index.missed, { question: g.question, expected: title(g.document_id), found: title(g.found_document_id) })}</li>)}
          {told.length > few && <li>{say(t.index.more, { n: told.length - few })}</li>}
        </ul>
      )}
      <div><Link href="/knowledge/index">{t.index.why}</Link></div>
    </Alert>
  );
}
