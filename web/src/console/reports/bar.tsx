// What is above each report: its time, filters, and the table to download.

import { ActionIcon, Button, Menu, Modal, Popover, Select, Switch, TextInput, Tooltip } from "@mantine/core";
import { useState } from "react";
import { download, type Operation } from "../api/client.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { useNames } from "../inbox/names.ts";
import { IconAdjustmentsHorizontal, IconCalendarTime, IconCheck, IconChevronDown, IconDownload, IconX } from "../ui/icons.ts";
import { saveFile } from "../ui/save.ts";
import { tellProblem } from "../ui/problem.tsx";
import { days, here, longest, longestByHour, presets, type Preset, type Span } from "./range.ts";
import type { Section } from "./reports.tsx";
import css from "./reports.module.css";
import type { Shown } from "./scope.ts";
import { spanText } from "./when.ts";

const operations: Partial<Record<Section, Operation>> = {
  overview: "GET /reports/overview", volume: "GET /reports/volume", response: "GET /reports/first-response", resolution: "GET /reports/resolution", ratings: "GET /reports/ratings",
  handoffs: "GET /reports/handoffs", agents: "GET /reports/agents", teams: "GET /reports/teams", hours: "GET /reports/hours",
};
const overTime: readonly Section[] = ["volume", "response", "resolution", "ratings", "handoffs", "overview"];

export function Bar({ name, scope }: { name: Section; scope: Shown }) {
  const t = useTexts();
  const names = useNames();
  const set = (scope.team !== "" ? 1 : 0) + (scope.agent !== "" ? 1 : 0) + (scope.tz !== here() ? 1 : 0);
  return (
    <div className={css.bar} role="toolbar" aria-label={t.reports.filters}>
      <Range scope={scope} />
      <Popover width={280} position="bottom-start" withinPortal>
        <Popover.Target><Button variant="default" leftSection={<IconAdjustmentsHorizontal size={15} />} data-testid="filters">{t.reports.filters}{set > 0 ? ` · ${set}` : ""}</Button></Popover.Target>
        <Popover.Dropdown><Filters scope={scope} byHour={overTime.includes(name)} /></Popover.Dropdown>
      </Popover>
      {scope.team !== "" && <Chip text={names.team(scope.team) || t.reports.team} clear={() => scope.change({ team: "" })} />}
      {scope.agent !== "" && <Chip text={names.agent(scope.agent) || t.reports.agent} clear={() => scope.change({ agent: "" })} />}
      {scope.tz !== here() && <Chip text={scope.tz} clear={() => scope.change({ tz: here() })} />}
      <span className={css.grow} />
      <Csv name={name} scope={scope} />
    </div>
  );
}

function Chip({ text, clear }: { text: string; clear: () => void }) {
  const t = useTexts();
  return <Button variant="light" rightSection={<IconX size={13} aria-hidden="true" />} onClick={clear} aria-label={`${text}: ${t.shell.remove}`}>{text}</Button>;
}

function Range({ scope }: { scope: Shown }) {
  const t = useTexts();
  const [own, setOwn] = useState(false);
  const label = scope.range === "custom" ? spanText(scope.span) : t.reports.ranges[scope.range];
  const choose = (p: Preset) => (p === "custom" ? setOwn(true) : scope.change({ range: p, since: "", until: "" }));
  return (
    <>
      <Menu position="bottom-start" width={190}>
        <Menu.Target><Button variant="default" leftSection={<IconCalendarTime size={15} />} rightSection={<IconChevronDown size={13} />} data-testid="range" aria-label={`${t.reports.range}: ${label}`}>{label}</Button></Menu.Target>
        <Menu.Dropdown>
          {presets.map((p) => <Menu.Item key={p} rightSection={p === scope.range ? <IconCheck size={14} /> : null} onClick={() => choose(p)} data-testid={`range-${p}`}>{t.reports.ranges[p]}</Menu.Item>)}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={own} onClose={() => setOwn(false)} title={t.reports.ranges.custom} size="xs" closeButtonProps={{ "aria-label": t.shell.close }}>
        <Days span={scope.span} use={(s) => { scope.change({ range: "custom", ...s }); setOwn(false); }} />
      </Modal>
    </>
  );
}

/** What is wrong with days; "" if nothing is. */
export function daysProblem(s: Span, t: Texts): string {
  if (s.since === "" || s.until === "") return t.shell.required;
  if (s.since > s.until) return t.reports.badDays;
  return days(s) > longest ? say(t.reports.tooLong, { n: longest }) : "";
}

function Days({ span, use }: { span: Span; use: (s: Span) => void }) {
  const t = useTexts();
  const [s, set] = useState(span);
  const problem = daysProblem(s, t);
  return (
    <form className={css.days} onSubmit={(e) => { e.preventDefault(); if (problem === "") use(s); }}>
      <TextInput type="date" label={t.reports.from} value={s.since} onChange={(e) => set({ ...s, since: e.currentTarget.value })} data-autofocus data-testid="since" />
      <TextInput type="date" label={t.reports.to} value={s.until} onChange={(e) => set({ ...s, until: e.currentTarget.value })} error={problem} data-testid="until" />
      <Button type="submit" disabled={problem !== ""} data-testid="show">{t.reports.apply}</Button>
    </form>
  );
}

const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((z) => z !== "UTC")];

function Filters({ scope, byHour }: { scope: Shown; byHour: boolean }) {
  const t = useTexts();
  const names = useNames();
  const within = { comboboxProps: { withinPortal: false } };
  return (
    <div className={css.days}>
      <Select label={t.reports.team} {...within} value={scope.team} onChange={(v) => scope.change({ team: v ?? "" })} data={[{ value: "", label: t.reports.allTeams }, ...names.teams.map((x) => ({ value: x.id, label: x.name }))]} />
      <Select label={t.reports.agent} {...within} searchable value={scope.agent} onChange={(v) => scope.change({ agent: v ?? "" })} data={[{ value: "", label: t.reports.allAgents }, ...names.agents.map((a) => ({ value: a.id, label: a.name }))]} />
      {byHour && <Select label={t.reports.by} {...within} value={scope.by} onChange={(v) => scope.change({ by: v === "hour" || v === "day" ? v : "auto" })}
        data={[{ value: "auto", label: t.reports.byAuto }, { value: "day", label: t.reports.byDay }, { value: "hour", label: t.reports.byHour, disabled: days(scope.span) > longestByHour }]}
        description={days(scope.span) > longestByHour ? say(t.reports.noHours, { n: longestByHour }) : undefined} data-testid="by" />}
      <Select label={t.reports.zone} {...within} searchable limit={60} value={scope.tz} onChange={(v) => scope.change({ tz: v ?? here() })} data={zones.includes(scope.tz) ? zones : [scope.tz, ...zones]} data-testid="zone" />
      {byHour && <Switch label={t.reports.compare} checked={scope.compare} onChange={(e) => scope.change({ compare: e.currentTarget.checked })} data-testid="compare" />}
    </div>
  );
}

function Csv({ name, scope }: { name: Section; scope: Shown }) {
  const t = useTexts();
  const [busy, setBusy] = useState(false);
  const operation = operations[name];
  if (operation === undefined) return null;
  const get = async () => {
    setBusy(true);
    try {
      const query = { ...scope.query, ...(overTime.includes(name) && name !== "overview" ? { interval: scope.interval } : {}), format: "csv" };
      saveFile(await download(operation, { query } as never, "text/csv"), `${name}-${scope.span.since}-${scope.span.until}.csv`);
    } catch (e) {
      tellProblem(e);
    } finally {
      setBusy(false);
    }
  };
  return <Tooltip label={t.reports.csv}><ActionIcon variant="default" size="lg" loading={busy} onClick={() => void get()} aria-label={t.reports.csv} data-testid="csv"><IconDownload size={16} /></ActionIcon></Tooltip>;
}
