// Which hours of the week are busy: a map of 7 days and 24 hours, which is a table with its numbers.

import { Select } from "@mantine/core";
import { useSearch } from "wouter";
import type { HourOfWeek, HoursReport } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Empty } from "../ui/empty.tsx";
import { IconCalendarTime } from "../ui/icons.ts";
import { Panel } from "../ui/page.tsx";
import { Failed } from "../ui/problem.tsx";
import { Incomplete, Waiting } from "./card.tsx";
import { brief, count, heat, week, weekdays } from "./figures.ts";
import css from "./reports.module.css";
import { useReport, useScope, type Shown } from "./scope.ts";

const metrics = ["created", "closed", "abandoned", "visitor_messages", "agent_messages", "bot_messages"] as const;
export type Metric = (typeof metrics)[number];

export function Hours() {
  const t = useTexts();
  const scope = useScope();
  const asked = new URLSearchParams(useSearch()).get("metric");
  const metric = metrics.find((m) => m === asked) ?? "created";
  const r = t.reports;
  const names: Record<Metric, string> = { created: r.created, closed: r.closed, abandoned: r.abandoned, visitor_messages: r.visitorMessages, agent_messages: r.agentMessages, bot_messages: r.botMessages };
  return (
    <Panel title={names[metric]} actions={<Select size="xs" w={170} aria-label={r.metric} value={metric} onChange={(m) => scope.change({}, { metric: m === "created" ? "" : (m ?? "") })} data={metrics.map((m) => ({ value: m, label: names[m] }))} />}>
      <HeatMap scope={scope} metric={metric} />
    </Panel>
  );
}

export function HeatMap({ scope, metric }: { scope: Shown; metric: Metric }) {
  const t = useTexts();
  const q = useReport("/reports/hours", scope);
  const have = q.data as HoursReport | undefined;
  if (q.isError && have === undefined) return <Failed error={q.error} again={() => void q.refetch()} />;
  if (have === undefined) return <Waiting q={q} />;
  const max = Math.max(0, ...have.data.map((c) => c[metric]));
  if (max === 0) return <Empty icon={<IconCalendarTime size={22} />} title={t.reports.nothing} text={t.reports.nothingText} />;
  return (
    <>
      <Incomplete complete={have.complete} />
      <table className={css.heat} data-testid="heat">
        <thead><tr><th aria-hidden="true" />{Array.from({ length: 24 }, (_, h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
        <tbody>{week(have.data).map((row, d) => <Day key={d} day={d} row={row} metric={metric} max={max} />)}</tbody>
      </table>
      <p className={css.scale} aria-hidden="true">{t.reports.least}<i />{t.reports.most}</p>
    </>
  );
}

function Day({ day, row, metric, max }: { day: number; row: readonly (HourOfWeek | undefined)[]; metric: Metric; max: number }) {
  const t = useTexts();
  return (
    <tr>
      <th scope="row">{weekdays("short")[day]}</th>
      {row.map((c, h) => {
        const n = c?.[metric] ?? 0, warm = heat(n, max);
        const title = say(t.reports.cell, { day: weekdays("long")[day] ?? "", from: `${h}:00`, to: `${h + 1}:00`, n: count(n) });
        return <td key={h} title={title} style={{ "--heat": warm } as React.CSSProperties} data-hot={warm > .6}>{n > 0 ? brief(n) : ""}</td>;
      })}
    </tr>
  );
}
