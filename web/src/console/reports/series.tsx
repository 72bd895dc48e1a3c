// The reports over time.

import type { Durations, DurationsReport, HandoffsReport, RatingsReport, Scores, VolumeReport } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Chart } from "../ui/chart.tsx";
import { Empty } from "../ui/empty.tsx";
import { IconChartLine, IconStarFilled } from "../ui/icons.ts";
import { Panel } from "../ui/page.tsx";
import type { Series } from "../ui/plot.ts";
import { Failed } from "../ui/problem.tsx";
import { Card, Cards, Incomplete, Waiting } from "./card.tsx";
import { align, brief, count, percent, score, seconds, share } from "./figures.ts";
import css from "./reports.module.css";
import { useBefore, useScope, useSeries, type Shown } from "./scope.ts";
import { labels } from "./when.ts";

type Path = "/reports/volume" | "/reports/first-response" | "/reports/resolution" | "/reports/ratings" | "/reports/handoffs";
interface Rows<R> { data: readonly R[]; complete: boolean }

/** Reads a report and its time before, and shows what they make. */
function useOver<A extends Rows<{ start: string }>>(path: Path, scope: Shown) {
  const q = useSeries(path, scope);
  const was = useBefore(path, scope, false) as unknown as A | undefined;
  const have = q.data as unknown as A | undefined;
  const when = labels(have?.data.map((r) => r.start) ?? [], scope.interval, scope.tz);
  return { q, have, was, when };
}

interface FrameProps { over: ReturnType<typeof useOver<Rows<{ start: string }>>>; empty: boolean; children: () => React.ReactNode }

function Frame({ over, empty, children }: FrameProps) {
  const t = useTexts();
  const { q, have } = over;
  if (q.isError && have === undefined) return <Failed error={q.error} again={() => void q.refetch()} />;
  if (have === undefined) return <Waiting q={q} />;
  return (
    <>
      <Waiting q={q} />
      <Incomplete complete={have.complete} />
      {children()}
      {empty && <Panel><Empty icon={<IconChartLine size={22} />} title={t.reports.nothing} text={t.reports.nothingText} /></Panel>}
    </>
  );
}

/** The line of the time before. */
function past<R>(name: string, was: Rows<R> | undefined, n: number, of: (r: R) => number | null): Series[] {
  return was === undefined ? [] : [{ name, values: align(was.data.map(of), n), colour: "0", dashed: true }];
}

export function VolumeChart({ scope }: { scope: Shown }) {
  const r = useTexts().reports;
  const { have, was, when } = useOver<VolumeReport>("/reports/volume", scope);
  if (have === undefined) return null;
  return (
    <Chart kind="lines" label={r.conversations} place={scope.interval === "day" ? r.during : r.hour} labels={when.short} long={when.long} format={count} testid="chart-volume" series={[
      { name: r.created, values: have.data.map((x) => x.created), colour: "1" }, { name: r.closed, values: have.data.map((x) => x.closed), colour: "2" },
      ...past(r.before, was, have.data.length, (x) => x.created),
    ]} />
  );
}

export function Volume() {
  const r = useTexts().reports;
  const scope = useScope();
  const over = useOver<VolumeReport>("/reports/volume", scope);
  const { have, was, when } = over;
  const now = have?.total, old = was?.total;
  const rows = have?.data ?? [];
  const messages = now === undefined ? 0 : now.visitor_messages + now.agent_messages + now.bot_messages + now.api_messages;
  const empty = now !== undefined && now.created + now.closed + messages === 0;
  return (
    <Frame over={over} empty={empty}>{() => (
      <>
        <Cards n={6}>
          <Card title={r.created} value={now!.created} was={old?.created} format={brief} testid="created" />
          <Card title={r.closed} value={now!.closed} was={old?.closed} better="more" format={brief} />
          <Card title={r.reopened} value={now!.reopened} was={old?.reopened} better="less" format={brief} />
          <Card title={r.abandoned} value={now!.abandoned} was={old?.abandoned} better="less" format={brief} />
          <Card title={r.visitorMessages} value={now!.visitor_messages} was={old?.visitor_messages} format={brief} />
          <Card title={r.agentMessages} value={now!.agent_messages} was={old?.agent_messages} format={brief} />
        </Cards>
        {!empty && <>
          <Panel title={r.conversations}><VolumeChart scope={scope} /></Panel>
          <Panel title={r.messages}>
            <Chart kind="bars" label={r.messages} place={scope.interval === "day" ? r.during : r.hour} labels={when.short} long={when.long} format={count} series={[
              { name: r.visitorMessages, values: rows.map((x) => x.visitor_messages), colour: "1" }, { name: r.agentMessages, values: rows.map((x) => x.agent_messages), colour: "2" },
              { name: r.botMessages, values: rows.map((x) => x.bot_messages), colour: "4" },
              ...(now!.api_messages > 0 ? [{ name: r.apiMessages, values: rows.map((x) => x.api_messages), colour: "3" as const }] : []),
            ]} />
          </Panel>
        </>}
      </>
    )}</Frame>
  );
}

function Lengths({ path, title }: { path: "/reports/first-response" | "/reports/resolution"; title: string }) {
  const r = useTexts().reports;
  const scope = useScope();
  const over = useOver<DurationsReport>(path, scope);
  const { have, was, when } = over;
  const now: Durations | undefined = have?.total, old = was?.total;
  const rows = have?.data ?? [];
  const place = scope.interval === "day" ? r.during : r.hour;
  const many = path === "/reports/resolution" ? r.conversations : r.firstResponse;
  return (
    <Frame over={over} empty={now?.count === 0}>{() => (
      <>
        <Cards n={4}>
          <Card title={r.median} value={now!.median_seconds} was={old?.median_seconds} better="less" format={seconds} testid="median" />
          <Card title={r.p90} value={now!.p90_seconds} was={old?.p90_seconds} better="less" format={seconds} />
          <Card title={r.mean} value={now!.mean_seconds} was={old?.mean_seconds} better="less" format={seconds} />
          <Card title={path === "/reports/resolution" ? r.closed : r.firstResponse} value={now!.count} was={old?.count} format={brief} />
        </Cards>
        {now!.count > 0 && <>
          <Panel title={title}>
            <Chart kind="lines" unit="seconds" label={title} place={place} labels={when.short} long={when.long} format={seconds} testid="chart-lengths" series={[
              { name: r.median, values: rows.map((x) => x.median_seconds), colour: "1" }, { name: r.p90, values: rows.map((x) => x.p90_seconds), colour: "3" },
              ...past(r.before, was, rows.length, (x) => x.median_seconds),
            ]} />
          </Panel>
          <Panel title={path === "/reports/resolution" ? r.closed : r.firstResponse}>
            <Chart kind="bars" height={150} label={many} place={place} labels={when.short} long={when.long} format={count} series={[{ name: many, values: rows.map((x) => x.count), colour: "2" }]} />
          </Panel>
        </>}
      </>
    )}</Frame>
  );
}

export function Response() {
  return <Lengths path="/reports/first-response" title={useTexts().reports.firstResponse} />;
}

export function Resolution() {
  return <Lengths path="/reports/resolution" title={useTexts().reports.resolution} />;
}

/** How many rated 4 or 5. */
export function satisfied(s: Scores): number | null {
  return share((s.distribution["4"] ?? 0) + (s.distribution["5"] ?? 0), s.count);
}

export function Stars({ scores }: { scores: Scores }) {
  const r = useTexts().reports;
  return (
    <dl className={css.stars} data-testid="stars">
      {[5, 4, 3, 2, 1].map((n) => {
        const have = scores.distribution[String(n)] ?? 0;
        const part = share(have, scores.count) ?? 0;
        return <div key={n}><dt><span aria-label={say(r.stars, { n })}>{n}</span><IconStarFilled size={12} aria-hidden="true" /></dt><dd className={css.track} aria-hidden="true"><i style={{ width: `${part * 100}%` }} /></dd><dd>{count(have)} · {percent(part)}</dd></div>;
      })}
    </dl>
  );
}

export function Ratings() {
  const r = useTexts().reports;
  const scope = useScope();
  const over = useOver<RatingsReport>("/reports/ratings", scope);
  const { have, was, when } = over;
  const now = have?.total, old = was?.total;
  const rows = have?.data ?? [];
  return (
    <Frame over={over} empty={now?.count === 0}>{() => (
      <>
        <Cards n={3}>
          <Card title={r.meanRating} value={now!.mean} was={old?.mean} better="more" format={score} testid="rating" />
          <Card title={r.satisfied} value={satisfied(now!)} was={old === undefined ? undefined : satisfied(old)} better="more" format={percent} text={r.satisfiedText} />
          <Card title={r.ratings} value={now!.count} was={old?.count} better="more" format={brief} testid="ratings" />
        </Cards>
        {now!.count > 0 && <>
          <Panel title={r.meanRating}>
            <Chart kind="lines" unit="rating" label={r.meanRating} place={scope.interval === "day" ? r.during : r.hour} labels={when.short} long={when.long} format={score} series={[
              { name: r.meanRating, values: rows.map((x) => x.mean), colour: "1" }, ...past(r.before, was, rows.length, (x) => x.mean),
            ]} />
          </Panel>
          <Panel title={r.distribution}><Stars scores={now!} /></Panel>
        </>}
      </>
    )}</Frame>
  );
}

export function Handoffs() {
  const r = useTexts().reports;
  const scope = useScope();
  const over = useOver<HandoffsReport>("/reports/handoffs", scope);
  const { have, was, when } = over;
  const now = have?.total, old = was?.total;
  const rows = have?.data ?? [];
  const empty = now !== undefined && now.to_human + now.to_bot + now.transfers === 0;
  return (
    <Frame over={over} empty={empty}>{() => (
      <>
        <Cards n={3}>
          <Card title={r.toHuman} value={now!.to_human} was={old?.to_human} format={brief} testid="to-human" />
          <Card title={r.toBot} value={now!.to_bot} was={old?.to_bot} format={brief} />
          <Card title={r.transfers} value={now!.transfers} was={old?.transfers} better="less" format={brief} />
        </Cards>
        {!empty && <Panel title={r.section.handoffs}>
          <Chart kind="bars" label={r.section.handoffs} place={scope.interval === "day" ? r.during : r.hour} labels={when.short} long={when.long} format={count} series={[
            { name: r.toHuman, values: rows.map((x) => x.to_human), colour: "1" }, { name: r.toBot, values: rows.map((x) => x.to_bot), colour: "4" }, { name: r.transfers, values: rows.map((x) => x.transfers), colour: "3" },
          ]} />
        </Panel>}
      </>
    )}</Frame>
  );
}
