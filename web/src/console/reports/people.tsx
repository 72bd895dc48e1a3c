// What each agent or team did: a table that sorts by any of its columns.

import { useSearch, Link } from "wouter";
import type { AgentsReport, AgentWork, TeamsReport, TeamWork } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Empty } from "../ui/empty.tsx";
import { IconChevronDown, IconChevronUp, IconUsersGroup } from "../ui/icons.ts";
import { Panel } from "../ui/page.tsx";
import { Failed } from "../ui/problem.tsx";
import { Incomplete, Waiting } from "./card.tsx";
import { count, score, seconds, sorted } from "./figures.ts";
import css from "./reports.module.css";
import { useReport, useScope, type Shown } from "./scope.ts";

type Work = AgentWork | TeamWork;
interface Column { name: string; title: string; of: (w: Work) => number | string | null; show: (n: number) => string }

function useColumns(): Column[] {
  const r = useTexts().reports;
  return [
    { name: "name", title: r.name, of: (w) => w.name, show: String },
    { name: "assigned", title: r.assigned, of: (w) => w.assigned, show: count },
    { name: "closed", title: r.closed, of: (w) => w.closed, show: count },
    { name: "messages", title: r.messages, of: (w) => w.messages, show: count },
    { name: "response", title: r.firstResponse, of: (w) => w.first_response.median_seconds, show: seconds },
    { name: "resolution", title: r.resolution, of: (w) => w.resolution.median_seconds, show: seconds },
    { name: "rating", title: r.rating, of: (w) => w.ratings.mean, show: score },
    { name: "ratings", title: r.ratings, of: (w) => w.ratings.count, show: count },
    { name: "transfers", title: r.transfers, of: (w) => w.transfers, show: count },
    { name: "abandoned", title: r.abandoned, of: (w) => w.abandoned, show: count },
  ];
}

export function People({ kind }: { kind: "agents" | "teams" }) {
  const t = useTexts();
  const scope = useScope();
  const q = useReport(kind === "agents" ? "/reports/agents" : "/reports/teams", scope);
  const have = q.data as AgentsReport | TeamsReport | undefined;
  if (q.isError && have === undefined) return <Failed error={q.error} again={() => void q.refetch()} />;
  if (have === undefined) return <Waiting q={q} />;
  return (
    <>
      <Waiting q={q} />
      <Incomplete complete={have.complete} />
      <Panel>
        {have.data.length === 0 ? <Empty icon={<IconUsersGroup size={22} />} title={t.reports.nothing} text={t.reports.nothingText} /> : <Rows rows={have.data} scope={scope} kind={kind} />}
      </Panel>
    </>
  );
}

const idOf = (w: Work) => ("agent_id" in w ? w.agent_id : w.team_id);

function Rows({ rows, scope, kind }: { rows: readonly Work[]; scope: Shown; kind: "agents" | "teams" }) {
  const r = useTexts().reports;
  const columns = useColumns();
  const p = new URLSearchParams(useSearch());
  const by = columns.find((c) => c.name === p.get("sort")) ?? columns[0]!;
  const down = (by.name !== "name") !== (p.get("up") === "1");
  const choose = (c: Column) => scope.change({}, { sort: c.name === "name" ? "" : c.name, up: c === by ? (p.get("up") === "1" ? "" : "1") : "" });
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label={r.section[kind]}>
      <table className={css.table} data-testid="people">
        <thead><tr>{columns.map((c) => (
          <th key={c.name} scope="col" aria-sort={c === by ? (down ? "descending" : "ascending") : undefined}>
            <button type="button" onClick={() => choose(c)} aria-label={say(r.sortBy, { name: c.title })} data-testid={`sort-${c.name}`}>{c.title}{c === by && (down ? <IconChevronDown size={13} /> : <IconChevronUp size={13} />)}</button>
          </th>
        ))}</tr></thead>
        <tbody>{sorted(rows, by.of, down).map((w) => <tr key={idOf(w) ?? "none"} data-testid="person"><Name w={w} scope={scope} kind={kind} />{columns.slice(1).map((c) => {
          const v = c.of(w);
          return <td key={c.name} data-zero={v === 0 || v === null}>{typeof v === "number" ? c === by ? <b>{c.show(v)}</b> : c.show(v) : "–"}</td>;
        })}</tr>)}</tbody>
      </table>
    </div>
  );
}

function Name({ w, scope, kind }: { w: Work; scope: Shown; kind: "agents" | "teams" }) {
  const r = useTexts().reports;
  const id = idOf(w);
  const name = w.name !== "" ? w.name : id === null ? r.noTeam : r.gone;
  const inside = <>{kind === "agents" && <Avatar name={name} id={id ?? ""} size={24} />}{name}</>;
  return <th scope="row">{id === null ? inside : <Link href={scope.href("/", kind === "agents" ? { agent: id } : { team: id })} title={say(r.onlyThis, { name })}>{inside}</Link>}</th>;
}
