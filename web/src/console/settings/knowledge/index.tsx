// The index: what is in use, what is being built, why the last one was not put in use, and the earlier ones.

import { Badge, Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { UseQueryResult } from "@tanstack/react-query";
import { call } from "../../api/client.ts";
import type { KnowledgeFailure, KnowledgeIndex, KnowledgeVersion } from "../../api/schema.ts";
import { say, useTexts } from "../../i18n/index.ts";
import { moment } from "../../i18n/time.ts";
import { IconRefresh } from "../../ui/icons.ts";
import { Panel } from "../../ui/page.tsx";
import { Failed, tellDone, tellProblem } from "../../ui/problem.tsx";
import { useMay } from "../access.ts";
import { Skeletons } from "../parts/collection.tsx";
import { Confirm } from "../parts/confirm.tsx";
import settings from "../settings.module.css";
import { Canary, Plan, Tallies } from "./canary.tsx";
import { reread, useTitles } from "./data.ts";
import css from "./knowledge.module.css";
import { Building } from "./standing.tsx";
import { busy } from "./standing.ts";

export function IndexPage({ q }: { q: UseQueryResult<KnowledgeIndex> }) {
  if (q.data === undefined) return q.isError ? <Failed error={q.error} again={q.refetch} /> : <Skeletons />;
  const index = q.data;
  return (
    <div className={css.narrow} data-testid="index" data-state={index.state} data-version={index.version} data-failed={index.last_failure !== undefined}>
      <Now index={index} />
      {index.canary !== undefined && <Canary canary={index.canary} />}
      {index.last_failure !== undefined && <Why failure={index.last_failure} />}
      <Versions index={index} />
      <Plan index={index} />
    </div>
  );
}

function Now({ index }: { index: KnowledgeIndex }) {
  const t = useTexts().knowledge;
  const s = t.index;
  const lead = useMay("leads");
  const [asked, setAsked] = useState(false);
  const rebuild = () => {
    setAsked(true);
    call("POST /knowledge/reindex", {}).then(() => {
      reread();
      tellDone(s.rebuilding);
    }, tellProblem).finally(() => setAsked(false));
  };
  const behind = index.last_failure !== undefined || index.rolled_back;
  return (
    <Panel title={s.now} text={s.nowText} actions={lead && <Button variant="default" leftSection={<IconRefresh size={16} />} loading={asked} disabled={busy(index)} onClick={rebuild} className={css.firm ?? ""} title={s.rebuildText} data-testid="rebuild">{s.rebuild}</Button>}>
      <dl className={settings.facts}>
        <dt>{s.state}</dt><dd>{busy(index) ? <Building index={index} /> : index.version === 0 ? s.none : <Badge color={behind ? "orange" : index.canary !== undefined ? "blue" : "green"}>{behind ? s.behind : index.canary !== undefined ? say(t.canary.title, { n: index.canary.version }) : s.idle}</Badge>}{index.rolled_back && !busy(index) && <> {s.backText}</>}</dd>
        {index.version > 0 && <><dt>{t.tabs.index}</dt><dd>{[say(s.version, { n: index.version }), say(t.documents, { n: index.documents }), say(t.chunks, { n: index.chunks }), ...(index.built_at === null ? [] : [say(s.built, { time: moment(Date.parse(index.built_at)) })])].join(" · ")}</dd>
          <dt>{s.embedder}</dt><dd>{index.embedder === "" ? s.wordsOnly : <>{s.embedderText} <code>{index.embedder}</code></>}</dd></>}
      </dl>
    </Panel>
  );
}

function Why({ failure }: { failure: KnowledgeFailure }) {
  const t = useTexts().knowledge;
  const s = t.index;
  const title = useTitles();
  return (
    <Panel title={s.lastFailure} text={`${moment(Date.parse(failure.at))} · ${t.reasons[failure.reason]}${failure.reason === "golden" ? ` ${say(s.asked, { n: failure.golden_asked })}` : ""}`}>
      {failure.golden.length > 0 && (
        <div className={css.scroll} tabIndex={0} role="region" aria-label={s.lastFailure}>
          <table className={css.table} data-testid="misses">
            <thead><tr><th scope="col">{s.question}</th><th scope="col">{s.expected}</th><th scope="col">{s.found}</th></tr></thead>
            <tbody>
              {failure.golden.map((g) => (
                <tr key={g.id} data-testid="miss">
                  <th scope="row">{g.question === "" ? s.removed : <Link href={`/knowledge/golden/${g.id}`} dir="auto">{g.question}</Link>}</th>
                  <td><Named id={g.document_id} title={title} /></td>
                  <td>{g.found_document_id === null ? t.nothing : <Named id={g.found_document_id} title={title} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {failure.before !== undefined && failure.tried !== undefined && <Tallies before={failure.before} tried={failure.tried} />}
      <p className={settings.hint}>{{ golden: s.mend, too_many: s.mendMany, canary: t.canary.mend }[failure.reason]}</p>
    </Panel>
  );
}

function Named({ id, title }: { id: string; title: (id: string) => string }) {
  const t = useTexts().knowledge;
  const name = title(id);
  return name === t.deleted ? <>{name}</> : <Link href={`/knowledge/${id}`} dir="auto">{name}</Link>;
}

function Versions({ index }: { index: KnowledgeIndex }) {
  const t = useTexts().knowledge.index;
  return (
    <Panel title={t.versions} text={t.versionsText}>
      {index.versions.length === 0 ? <p className={settings.hint}>{t.noVersions}</p> : <ul className={css.versions}>{index.versions.map((v) => <Version key={v.version} version={v} newer={v.version > index.version} tried={v.version === index.canary?.version} />)}</ul>}
    </Panel>
  );
}

function Version({ version: v, newer, tried }: { version: KnowledgeVersion; newer: boolean; tried: boolean }) {
  const t = useTexts().knowledge;
  const lead = useMay("leads");
  const time = moment(Date.parse(v.created_at));
  const back = async () => {
    await call("POST /knowledge/rollback", { body: { version: v.version } });
    reread();
  };
  return (
    <li data-testid="version" data-version={v.version} data-active={v.active} data-used={v.used}>
      <span><b>{say(t.index.version, { n: v.version })}</b> {!v.used && !tried && <Badge color="gray" variant="light" data-testid="only-tried">{t.canary.onlyTried}</Badge>} <span className={css.pale}>{say(t.index.built, { time })} · {say(t.documents, { n: v.documents })} · {say(t.chunks, { n: v.chunks })}</span></span>
      {v.active ? <Badge color="green">{t.index.active}</Badge> : tried ? <Badge color="blue">{t.canary.trying}</Badge> : lead && (
        <Confirm testid="roll-back" variant="default" color="brand" action={!v.used ? t.canary.use : newer ? t.index.again : t.index.use} title={say(!v.used ? t.canary.useTitle : newer ? t.index.againTitle : t.index.useTitle, { n: v.version })} text={say(t.index.useText, { documents: v.documents, time })} run={back} done={() => tellDone(say(t.index.usedAgain, { n: v.version }))} />
      )}
    </li>
  );
}
