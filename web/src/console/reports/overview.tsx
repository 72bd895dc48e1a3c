// The overview: every figure in one look, each leading to its report.

import type { Overview as Answer } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Empty } from "../ui/empty.tsx";
import { IconChartBar } from "../ui/icons.ts";
import { Panel } from "../ui/page.tsx";
import { Failed } from "../ui/problem.tsx";
import { Card, Cards, Incomplete, Waiting } from "./card.tsx";
import { brief, percent, score, seconds, share } from "./figures.ts";
import { HeatMap } from "./hours.tsx";
import css from "./reports.module.css";
import { useBefore, useReport, useScope, type Shown } from "./scope.ts";
import { Stars, VolumeChart } from "./series.tsx";

export function Overview() {
  const t = useTexts();
  const scope = useScope();
  const q = useReport("/reports/overview", scope);
  const was = useBefore("/reports/overview", scope, true) as Answer | undefined;
  const o = q.data as Answer | undefined;
  if (q.isError && o === undefined) return <Failed error={q.error} again={() => void q.refetch()} />;
  if (o === undefined) return <Waiting q={q} />;
  const nothing = o.created + o.closed + o.visitor_messages + o.agent_messages + o.bot_messages + o.api_messages + o.ratings.count === 0;
  return (
    <>
      <Waiting q={q} />
      <Incomplete complete={o.complete} />
      <Figures o={o} was={was} scope={scope} />
      {nothing ? <Panel><Empty icon={<IconChartBar size={22} />} title={t.reports.nothing} text={t.reports.nothingText} /></Panel> : (
        <>
          <Panel title={t.reports.conversations}><VolumeChart scope={scope} /></Panel>
          <div className={css.two}>
            <Panel title={t.reports.ratings} text={say(t.reports.ofRatings, { n: o.ratings.count })}><Stars scores={o.ratings} /></Panel>
            <Panel title={t.reports.section.hours} text={t.reports.created}><HeatMap scope={scope} metric="created" /></Panel>
          </div>
        </>
      )}
    </>
  );
}

function Figures({ o, was, scope }: { o: Answer; was: Answer | undefined; scope: Shown }) {
  const r = useTexts().reports;
  const gone = share(o.abandoned, o.closed), human = share(o.handoffs.to_human, o.created);
  return (
    <Cards n={4}>
      <Card title={r.created} value={o.created} was={was?.created} format={brief} href={scope.href("/volume")} testid="created" />
      <Card title={r.closed} value={o.closed} was={was?.closed} format={brief} better="more" href={scope.href("/volume")} testid="closed" />
      <Card title={r.firstResponse} value={o.first_response.median_seconds} was={was?.first_response.median_seconds} better="less" format={seconds} text={`${r.median} · ${say(r.ofAnswers, { n: o.first_response.count })}`} href={scope.href("/response")} testid="first-response" />
      <Card title={r.resolution} value={o.resolution.median_seconds} was={was?.resolution.median_seconds} better="less" format={seconds} text={`${r.median} · ${say(r.ofConversations, { n: o.resolution.count })}`} href={scope.href("/resolution")} />
      <Card title={r.rating} value={o.ratings.mean} was={was?.ratings.mean} better="more" format={score} text={say(r.ofRatings, { n: o.ratings.count })} href={scope.href("/ratings")} testid="rating" />
      <Card title={r.waited} value={o.queue.median_seconds} was={was?.queue.median_seconds} better="less" format={seconds} text={`${r.left}: ${brief(o.queue.left)}`} />
      <Card title={r.abandoned} value={o.abandoned} was={was?.abandoned} better="less" format={brief} text={gone === null ? undefined : say(r.abandonedShare, { n: percent(gone) })} />
      <Card title={r.toHuman} value={o.handoffs.to_human} was={was?.handoffs.to_human} format={brief} text={human === null ? undefined : say(r.perConversation, { n: percent(human) })} href={scope.href("/handoffs")} />
    </Cards>
  );
}
