// Business hours: when somebody is there, by the week, with the days that are different.

import { ActionIcon, Button, Select, Switch, TextInput } from "@mantine/core";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { BusinessHours } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { IconPlus, IconTrash } from "../ui/icons.ts";
import { tellDone } from "../ui/problem.tsx";
import { useMay } from "./access.ts";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { siteChoices, useSites, useWhole } from "./parts/lists.ts";
import css from "./settings.module.css";
import { days, flaw, localZone, partOf, summary, usual, weeklyOf, weekOf, zones, type Day, type Part, type Week } from "./week.ts";

type Kept = BusinessHours & { id: string; version: number };
interface Exception { date: string; name: string; open: Part[] }

export function Hours({ id }: { id: string }) {
  const t = useTexts().settings;
  const s = t.hours;
  const list = useWhole(usePages("/business-hours", { query: { limit: 200 } }));
  return (
    <Collection<Kept> place="hours" id={id} list={list} write="managers" add={s.add} empty={s.empty} emptyText={s.emptyText} wide
      line={(h) => ({ id: h.id, title: h.name, text: summary(h.weekly, s.short, s.closed), words: `${h.name} ${h.time_zone}`, aside: <><span>{h.time_zone}</span>{(h.holidays ?? []).length > 0 && <span>{say(s.count, { n: h.holidays?.length ?? 0 })}</span>}</> })}
      editor={(h, close) => ({ title: h === undefined ? s.add : h.name, body: <Editor hours={h} close={close} /> })} />
  );
}

function Editor({ hours, close }: { hours: Kept | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.settings.hours;
  const manages = useMay("managers");
  const sites = useSites(manages);
  const start = {
    name: hours?.name ?? "", time_zone: hours?.time_zone ?? localZone(), site_key: hours?.site_key ?? "", weekly: weekOf(hours?.weekly ?? usual),
    holidays: (hours?.holidays ?? []).map((h): Exception => ({ date: h.date, name: h.name ?? "", open: (h.open ?? []).map((o) => ({ from: o.from, to: o.to === "24:00" ? "00:00" : o.to })) })),
  };
  const said = (f: ReturnType<typeof flaw>) => (f === null ? undefined : s.flaws[f]);
  const f = useForm(start, {
    check: (v) => ({
      name: v.name.trim() === "" ? t.shell.required : undefined,
      ...Object.fromEntries(days.map((d) => [`weekly.${d}`, said(flaw(v.weekly[d]))])),
      ...Object.fromEntries(v.holidays.map((h, i) => [`holidays.${i}`, h.date === "" ? s.noDate : v.holidays.findIndex((x) => x.date === h.date) < i ? s.twice : said(flaw(h.open))])),
    }),
    codes: { name_taken: "name" },
    of: hours,
    save: (v, { seen }) => {
      const body = { name: v.name, time_zone: v.time_zone, site_key: v.site_key, weekly: weeklyOf(v.weekly), holidays: v.holidays.map((h) => ({ ...h, open: h.open.map(partOf) })) };
      return hours === undefined ? call("POST /business-hours", { body }) : call("PATCH /business-hours/{id}", { path: { id: hours.id }, body: { ...body, ...seen } });
    },
    stale: ["/business-hours"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  const week = (change: Partial<Week>) => f.set({ weekly: { ...f.values.weekly, ...change } });
  return (
    <FormBody form={f} cancel={close} fresh={hours === undefined} aside={hours !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /business-hours/{id}", { path: { id: hours.id } })} done={() => { refresh("/business-hours"); close(); }} />}>
      <TextInput label={t.shell.name} required maxLength={100} data-autofocus {...f.text("name")} />
      <div className={css.pair}>
        <Select label={s.zone} description={s.zoneText} data={zones(f.values.time_zone)} searchable limit={60} {...f.value("time_zone")} />
        {manages && <Select label={s.site} description={s.siteText} data={siteChoices(sites.items, s.everywhere, f.values.site_key)} {...f.value("site_key")} />}
      </div>
      <div role="group" aria-label={s.week}>
        <p className={css.legend}>{s.week}</p>
        <p className={css.hint}>{s.weekText}</p>
        {days.map((d) => <DayRow key={d} day={d} parts={f.values.weekly[d]} error={f.error(`weekly.${d}`)} set={(p) => week({ [d]: p })} everyday={() => week(Object.fromEntries(days.slice(0, 5).map((x) => [x, f.values.weekly[d]])))} />)}
        {f.error("weekly") !== undefined && !days.some((d) => f.error(`weekly.${d}`)) && <p className={css.bad}>{f.error("weekly")}</p>}
      </div>
      <Holidays list={f.values.holidays} error={(i) => f.error(`holidays.${i}`)} set={(holidays) => f.set({ holidays })} />
    </FormBody>
  );
}

function DayRow({ day, parts, error, set, everyday }: { day: Day; parts: Part[]; error: string | undefined; set: (p: Part[]) => void; everyday: () => void }) {
  const s = useTexts().settings.hours;
  return (
    <div className={css.day} data-testid={`day-${day}`}>
      <Switch label={s.days[day]} checked={parts.length > 0} onChange={(e) => set(e.currentTarget.checked ? [{ from: "09:00", to: "18:00" }] : [])} />
      <div className={css.spans}>
        {parts.length === 0 && <span className={css.hint}>{s.closed}</span>}
        <Parts parts={parts} set={set} label={s.days[day]} error={error} />
        {parts.length > 0 && day === "mon" && <div><Button size="compact-xs" variant="subtle" onClick={everyday}>{s.copyDays}</Button></div>}
      </div>
    </div>
  );
}

/** From when to when, several times. */
function Parts({ parts, set, label, error }: { parts: Part[]; set: (p: Part[]) => void; label: string; error: string | undefined }) {
  const t = useTexts();
  const s = t.settings.hours;
  const change = (i: number, x: Partial<Part>) => set(parts.map((p, n) => (n === i ? { ...p, ...x } : p)));
  return (
    <>
      {parts.map((p, i) => (
        <div key={i} className={css.span}>
          <input type="time" value={p.from} aria-label={`${label}: ${s.from}`} aria-invalid={error !== undefined} onChange={(e) => change(i, { from: e.currentTarget.value })} data-testid="from" />
          <span aria-hidden="true">–</span>
          <input type="time" value={p.to} aria-label={`${label}: ${s.to}`} aria-invalid={error !== undefined} onChange={(e) => change(i, { to: e.currentTarget.value })} data-testid="to" />
          <ActionIcon aria-label={`${t.shell.remove}: ${label}`} onClick={() => set(parts.filter((_, n) => n !== i))}><IconTrash size={15} /></ActionIcon>
          {i === parts.length - 1 && <ActionIcon aria-label={`${s.addSpan}: ${label}`} onClick={() => set([...parts, { from: p.to === "00:00" ? "" : p.to, to: "" }])}><IconPlus size={15} /></ActionIcon>}
        </div>
      ))}
      {error !== undefined && <p className={css.bad} role="alert">{error}</p>}
    </>
  );
}

function Holidays({ list, set, error }: { list: Exception[]; set: (h: Exception[]) => void; error: (i: number) => string | undefined }) {
  const t = useTexts();
  const s = t.settings.hours;
  const change = (i: number, x: Partial<Exception>) => set(list.map((h, n) => (n === i ? { ...h, ...x } : h)));
  return (
    <div role="group" aria-label={s.holidays} className={css.fields}>
      <div>
        <p className={css.legend}>{s.holidays}</p>
        <p className={css.hint}>{s.holidaysText}</p>
      </div>
      {list.map((h, i) => (
        <div key={i} className={css.card}>
          <div className={css.span}>
            <input type="date" value={h.date} aria-label={s.date} aria-invalid={error(i) !== undefined} onChange={(e) => change(i, { date: e.currentTarget.value })} data-testid="holiday-date" />
            <TextInput value={h.name} placeholder={s.holidayName} aria-label={s.holidayName} maxLength={100} onChange={(e) => change(i, { name: e.currentTarget.value })} data-testid="holiday-name" />
            <ActionIcon aria-label={`${t.shell.remove}: ${h.name || h.date}`} onClick={() => set(list.filter((_, n) => n !== i))}><IconTrash size={15} /></ActionIcon>
          </div>
          <Switch label={s.closedAll} checked={h.open.length === 0} onChange={(e) => change(i, { open: e.currentTarget.checked ? [] : [{ from: "10:00", to: "14:00" }] })} />
          <Parts parts={h.open} set={(open) => change(i, { open })} label={h.name || s.date} error={error(i)} />
        </div>
      ))}
      <div><Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => set([...list, { date: "", name: "", open: [] }])} data-testid="holiday-add">{s.addHoliday}</Button></div>
    </div>
  );
}
