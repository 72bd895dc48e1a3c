// Exports: tables that are made in the background and kept for a while.

import { Badge, Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { call, download } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { Export, ExportFilters } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { date, moment } from "../i18n/time.ts";
import { tellProblem } from "../ui/problem.tsx";
import { useMay } from "./access.ts";
import { useWatch } from "./deliveries.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { endOf, fromLocal } from "./parts/dates.ts";
import { FormBody, useForm } from "./parts/form.tsx";
import { choices, useAgents, useTeams } from "./parts/lists.ts";
import css from "./settings.module.css";
import { localZone } from "./week.ts";

const kinds = ["conversations", "messages", "visitors", "report"] as const;
const reports = ["overview", "volume", "first-response", "resolution", "ratings", "handoffs", "agents", "teams", "hours"] as const;
const overTime: readonly string[] = ["volume", "first-response", "resolution", "ratings", "handoffs"];
const statuses = ["queued", "open", "bot", "snoozed", "closed"] as const;
const colour = { waiting: "gray", running: "yellow", done: "green", failed: "red" } as const;

/** Bytes in words. */
export function size(n: number): string {
  const units = ["B", "KB", "MB", "GB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${n < 10 && i > 0 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

export function Exports({ id }: { id: string }) {
  const t = useTexts().settings;
  const s = t.exports;
  const list = usePages("/exports", { query: { limit: 50 } });
  const title = (x: Export) => { const f = x.filters as ExportFilters | null; return x.kind === "report" && f?.report !== undefined ? `${s.kinds.report}: ${s.reports[f.report]}` : s.kinds[x.kind]; };
  useWatch(list.items.some((x) => x.state === "waiting" || x.state === "running"), list.refetch);
  return (
    <Collection<Export> place="exports" id={id} list={list} write="leads" add={s.add} empty={s.empty} emptyText={s.emptyText}
      line={(x) => ({ id: x.id, title: title(x), text: `${moment(Date.parse(x.created_at))} · ${say(s.rows, { n: x.rows })}`, words: title(x), aside: <><span>{x.state === "done" ? size(x.bytes) : ""}</span><Badge color={colour[x.state]} data-testid="export-state" data-state={x.state}>{s.states[x.state]}</Badge></> })}
      editor={(x, close) => ({ title: x === undefined ? s.add : title(x), body: x === undefined ? <New close={close} /> : <One file={x} close={close} /> })} />
  );
}

function New({ close }: { close: () => void }) {
  const t = useTexts();
  const s = t.settings.exports;
  const manages = useMay("managers");
  const agents = useAgents();
  const teams = useTeams();
  const start = { kind: (manages ? "conversations" : "report") as (typeof kinds)[number], since: "", until: "", status: "", team: "", assignee: "", report: "overview" as (typeof reports)[number], interval: "day" as "day" | "hour" };
  const f = useForm(start, {
    check: (v) => ({ until: v.since !== "" && v.until !== "" && v.until < v.since ? s.badRange : undefined }),
    save: async (v) => {
      const filters: ExportFilters = {};
      const since = fromLocal(v.since), until = endOf(v.until);
      if (since !== null) filters.since = since;
      if (until !== null) filters.until = until;
      if (v.kind === "conversations") {
        if (v.status !== "") filters.status = v.status;
        if (v.assignee !== "") filters.assignee = v.assignee;
      }
      if ((v.kind === "conversations" || v.kind === "report") && v.team !== "") filters.team = v.team;
      if (v.kind === "report") {
        filters.report = v.report;
        filters.timezone = localZone();
        if (v.assignee !== "") filters.agent = v.assignee;
        if (overTime.includes(v.report)) filters.interval = v.interval;
      }
      await call("POST /exports", { body: { kind: v.kind, format: "csv", filters } });
      refresh("/exports");
    },
    done: close,
  });
  const k = f.values.kind;
  return (
    <FormBody form={f} cancel={close} action={t.shell.create} fresh>
      <Select label={s.what} description={manages ? undefined : s.onlyReports} data={kinds.filter((x) => manages || x === "report").map((x) => ({ value: x, label: s.kinds[x] }))} {...f.value("kind")} />
      {k === "report" && <Select label={s.report} data={reports.map((x) => ({ value: x, label: s.reports[x] }))} {...f.value("report")} />}
      {k === "report" && overTime.includes(f.values.report) && <Select label={s.interval} data={[{ value: "day", label: s.daily }, { value: "hour", label: s.hourly }]} {...f.value("interval")} />}
      <div className={css.pair}>
        <TextInput type="date" label={s.since} {...f.text("since")} />
        <TextInput type="date" label={s.until} {...f.text("until")} />
      </div>
      {k === "conversations" && <Select label={s.status} data={[{ value: "", label: t.shell.all }, ...statuses.map((x) => ({ value: x, label: s.statuses[x] }))]} {...f.value("status")} />}
      {(k === "conversations" || k === "report") && (
        <div className={css.pair}>
          <Select label={s.team} data={choices(teams.items, t.shell.all)} {...f.value("team")} />
          <Select label={s.agent} data={choices(agents.items, t.shell.all)} searchable {...f.value("assignee")} />
        </div>
      )}
    </FormBody>
  );
}

function One({ file, close }: { file: Export; close: () => void }) {
  const t = useTexts();
  const s = t.settings.exports;
  const [busy, setBusy] = useState(false);
  const fetchFile = () => {
    setBusy(true);
    download("GET /exports/{id}/file", { path: { id: file.id } }, "text/csv").then((blob) => {
      const a = document.createElement("a");
      a.href = URL.createObjectURL(blob);
      a.download = `${file.kind}-${file.created_at.slice(0, 10)}.csv`;
      a.click();
      window.setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
    }).catch(tellProblem).finally(() => setBusy(false));
  };
  const filters = Object.entries((file.filters ?? {}) as Record<string, unknown>).filter(([, v]) => v !== "" && v !== null);
  return (
    <div className={css.fields}>
      <dl className={css.facts}>
        <dt>{s.state}</dt><dd><Badge color={colour[file.state]}>{s.states[file.state]}</Badge></dd>
        <dt>{s.made}</dt><dd>{moment(Date.parse(file.created_at))}</dd>
        <dt>{s.expires}</dt><dd>{date(Date.parse(file.expires_at))}</dd>
        <dt>{s.content}</dt><dd>{say(s.rows, { n: file.rows })}{file.state === "done" && ` · ${size(file.bytes)}`}</dd>
        {filters.map(([name, v]) => <Fact key={name} name={name} value={String(v)} />)}
        {file.failure !== null && <><dt>{s.failure}</dt><dd>{file.failure}</dd></>}
      </dl>
      <div className={css.buttons}>
        <Button onClick={fetchFile} loading={busy} disabled={file.state !== "done"} data-testid="download">{s.download}</Button>
        <span className={css.space} />
        <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /exports/{id}", { path: { id: file.id } })} done={() => { refresh("/exports"); close(); }} />
      </div>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return <><dt><code>{name}</code></dt><dd>{value}</dd></>;
}
