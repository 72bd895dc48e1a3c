// The documents: found, sorted, switched on and off.

import { Alert, Badge, Button, Select, Switch, TextInput, Tooltip } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { fileSize } from "../../../widget/text.ts";
import { call } from "../../api/client.ts";
import type { KnowledgeDocument, KnowledgeIndex } from "../../api/schema.ts";
import { locale, say, useTexts } from "../../i18n/index.ts";
import { moment } from "../../i18n/time.ts";
import { Empty } from "../../ui/empty.tsx";
import { IconBook2, IconCode, IconFileText, IconLock, IconPencilPlus, IconSearch, IconTable } from "../../ui/icons.ts";
import { Failed, tellProblem } from "../../ui/problem.tsx";
import { useMay } from "../access.ts";
import { useWatch } from "../deliveries.tsx";
import { roleNames, Skeletons } from "../parts/collection.tsx";
import settings from "../settings.module.css";
import { reread, useDocuments } from "./data.ts";
import { Choose, Drop, Progresses } from "./drop.tsx";
import css from "./knowledge.module.css";
import { arrange, isEarly, languageName, type Sort } from "./standing.ts";

/** How many are shown at first, and more at each step. */
const page = 50;

const states = ["indexed", "pending", "failed", "not_indexed", "leaving", "disabled"] as const;
const sorts = ["changed", "title", "size"] as const;
const colour: Record<KnowledgeDocument["state"], string> = { indexed: "green", pending: "yellow", failed: "red", not_indexed: "orange", leaving: "orange", disabled: "gray" };
const pictures = { markdown: IconFileText, html: IconCode, text: IconFileText, csv: IconTable };

export function Documents({ index }: { index: KnowledgeIndex | undefined }) {
  const t = useTexts();
  const s = t.knowledge.list;
  const lead = useMay("leads");
  const list = useDocuments();
  useWatch(list.items.some((d) => isEarly(d, index)), list.refetch);
  return (
    <Drop on={lead}>
      {!lead && <Alert className={settings.note} color="gray" icon={<IconLock size={16} />}>{say(t.settings.denied.readOnly, { roles: roleNames("leads", t.shell.roles) })}</Alert>}
      <Progresses />
      {list.isPending ? <Skeletons /> : list.isError ? <Failed error={list.error} again={list.refetch} /> : list.items.length > 0 ? <List documents={list.items} index={index} lead={lead} /> : (
        <div className={settings.panelless}><Empty title={s.empty} text={s.emptyText} icon={<IconBook2 size={22} />}>{lead && <Begin />}</Empty></div>
      )}
    </Drop>
  );
}

function Begin() {
  const t = useTexts().knowledge.list;
  const [, go] = useLocation();
  return <div className={settings.buttons}><Choose /><Button leftSection={<IconPencilPlus size={16} />} onClick={() => go("/knowledge/new")}>{t.add}</Button></div>;
}

function List({ documents, index, lead }: { documents: readonly KnowledgeDocument[]; index: KnowledgeIndex | undefined; lead: boolean }) {
  const t = useTexts();
  const s = t.knowledge.list;
  const [, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const [steps, setSteps] = useState(1);
  const get = <T extends string>(name: string, of: readonly T[]) => of.find((x) => x === query.get(name));
  const set = (name: string, value: string | null) => {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
    setSteps(1);
    go(`/knowledge${query.size > 0 ? `?${query}` : ""}`, { replace: true });
  };
  const how = { word: query.get("find") ?? "", state: get("state", states) ?? ("" as const), sort: get<Sort>("sort", sorts) ?? "changed" };
  const fitting = arrange(documents, how, locale());
  const shown = fitting.slice(0, steps * page);
  const narrowed = how.word !== "" || how.state !== "";
  return (
    <>
      <div className={css.filters}>
        <TextInput className={css.grow} value={how.word} onChange={(e) => set("find", e.currentTarget.value)} placeholder={s.find} aria-label={s.find} leftSection={<IconSearch size={15} />} data-testid="find" />
        <Select aria-label={s.state} data={[{ value: "", label: t.shell.all }, ...states.map((x) => ({ value: x, label: t.knowledge.states[x] }))]} value={how.state} onChange={(v) => set("state", v)} data-testid="filter-state" />
        <Select aria-label={s.sort} data={sorts.map((x) => ({ value: x, label: s.sorts[x] }))} value={how.sort} onChange={(v) => set("sort", v)} data-testid="sort" />
      </div>
      {fitting.length === 0 ? <div className={settings.panelless}><Empty title={s.noneFit}><Button variant="default" onClick={() => go("/knowledge", { replace: true })} data-testid="show-all">{s.clear}</Button></Empty></div> : (
        <ul className={settings.rows} aria-label={t.settings.pages.knowledge}>{shown.map((d) => <Row key={d.id} document={d} index={index} lead={lead} />)}</ul>
      )}
      {(narrowed || shown.length < fitting.length) && fitting.length > 0 && (
        <div className={settings.center}>
          <span className={css.count}>{say(s.count, { shown: shown.length, all: narrowed && shown.length === fitting.length ? documents.length : fitting.length })}</span>
          {shown.length < fitting.length && <Button variant="default" onClick={() => setSteps(steps + 1)} data-testid="more">{t.shell.loadMore}</Button>}
        </div>
      )}
    </>
  );
}

/** A document's state, and why it is so. */
export function State({ document: d, index }: { document: KnowledgeDocument; index: KnowledgeIndex | undefined }) {
  const t = useTexts().knowledge;
  const why = (d.state === "failed" || d.state === "leaving") && index?.last_failure !== undefined ? `${t.statesText[d.state]} ${t.reasons[index.last_failure.reason]}` : t.statesText[d.state];
  return <Tooltip label={why} multiline maw={320}><Badge color={colour[d.state]} data-testid="state" data-state={d.state}>{t.states[d.state]}</Badge></Tooltip>;
}

function Row({ document: d, index, lead }: { document: KnowledgeDocument; index: KnowledgeIndex | undefined; lead: boolean }) {
  const t = useTexts();
  const s = t.knowledge;
  const [turning, setTurning] = useState(false);
  const Icon = pictures[d.format];
  const changed = Date.parse(d.updated_at);
  const why = d.state === "failed" && index?.last_failure !== undefined ? s.reasons[index.last_failure.reason] : "";
  const turn = (enabled: boolean) => {
    setTurning(true);
    call("PATCH /knowledge/documents/{id}", { path: { id: d.id }, body: { enabled } }).then(reread, tellProblem).finally(() => setTurning(false));
  };
  return (
    <li className={css.item} data-testid="row" data-state={d.state}>
      <Link href={`/knowledge/${d.id}`} className={settings.row} data-faint={!d.enabled}>
        <Icon size={18} stroke={1.6} aria-hidden="true" className={settings.chevron} />
        <span className={settings.rowText}>
          <b dir="auto">{d.title}</b>
          <span>{[s.formats[d.format], d.language === "" ? "" : languageName(d.language, locale()), fileSize(d.bytes), say(s.chunks, { n: d.chunks })].filter((x) => x !== "").join(" · ")} · <time dateTime={d.updated_at}>{say(s.changed, { time: moment(changed) })}</time></span>
          {why !== "" && <span className={css.bad}>{why}</span>}
        </span>
        <span className={settings.rowAside}><State document={d} index={index} /></span>
      </Link>
      {lead && <Switch className={css.turn} checked={d.enabled} disabled={turning} onChange={(e) => turn(e.currentTarget.checked)} aria-label={say(s.list.on, { title: d.title })} data-testid="turn" />}
    </li>
  );
}
