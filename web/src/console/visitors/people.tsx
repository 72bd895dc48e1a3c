// Everybody who has written: a search, filters, and as many rows as are seen.

import { Badge, Button, Popover, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { usePages } from "../api/query.ts";
import type { Api, Person } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { ago, useNow } from "../i18n/time.ts";
import { Empty } from "../ui/empty.tsx";
import { IconFilter, IconSearch, IconUsers } from "../ui/icons.ts";
import { Failed } from "../ui/problem.tsx";
import css from "./visitors.module.css";
import { Who } from "./who.tsx";

type Choice = "" | "true" | "false";
export interface PeopleFilter { q: string; verified: Choice; blocked: Choice; since: string; until: string }

const choice = (s: string | null): Choice => (s === "true" || s === "false" ? s : "");
const day = (s: string | null) => (s !== null && /^\d{4}-\d\d-\d\d$/.test(s) ? s : "");

export function readPeople(search: string): PeopleFilter {
  const p = new URLSearchParams(search);
  return { q: (p.get("q") ?? "").slice(0, 200), verified: choice(p.get("verified")), blocked: choice(p.get("blocked")), since: day(p.get("since")), until: day(p.get("until")) };
}

export function writePeople(f: PeopleFilter): string {
  const p = new URLSearchParams(Object.entries(f).filter(([, v]) => v !== ""));
  return p.size > 0 ? `?${p}` : "";
}

/** The beginning of a day here, n days later. */
function midnight(s: string, n: number): string {
  const [y, m, d] = s.split("-").map(Number) as [number, number, number];
  return new Date(y, m - 1, d + n).toISOString();
}

export function peopleQuery(f: PeopleFilter): NonNullable<Api["GET /visitors"]["query"]> {
  return {
    limit: 50, ...(f.q.trim() === "" ? {} : { q: f.q.trim() }), ...(f.verified === "" ? {} : { verified: f.verified }), ...(f.blocked === "" ? {} : { blocked: f.blocked }),
    ...(f.since === "" ? {} : { since: midnight(f.since, 0) }), ...(f.until === "" ? {} : { until: midnight(f.until, 1) }),
  };
}

export function People() {
  const t = useTexts();
  const [, go] = useLocation();
  const f = readPeople(useSearch());
  const change = (c: Partial<PeopleFilter>) => go(`/visitors${writePeople({ ...f, ...c })}`, { replace: true });
  const q = usePages("/visitors", { query: peopleQuery(f) }, { keep: true });
  const asked = writePeople(f) !== "";
  return (
    <div className={`${css.wrap} ${css.people}`}>
      <div className={css.bar}>
        <Search value={f.q} change={(s) => change({ q: s })} hint={t.visitors.find} />
        <Filters f={f} change={change} />
        {asked && <Button variant="subtle" color="gray" onClick={() => go("/visitors", { replace: true })}>{t.visitors.clear}</Button>}
      </div>
      {q.items.length > 0 && <div className={css.head} aria-hidden="true"><span>{t.visitors.name}</span><span>{t.visitors.contact}</span><span className={css.right}>{t.visitors.conversations}</span><span className={css.right}>{t.visitors.firstSeen}</span><span className={css.right}>{t.visitors.lastSeen}</span></div>}
      {q.isError && q.items.length === 0 ? <Failed error={q.error} again={() => void q.refetch()} /> : q.isPending ? null
        : q.items.length === 0 ? <Empty icon={<IconUsers size={22} />} title={asked ? t.visitors.noneFound : t.visitors.noneYet} text={asked ? t.visitors.noneFoundText : t.visitors.noneYetText} />
        : <Rows rows={q.items} more={q.hasNextPage} busy={q.isFetchingNextPage} next={() => void q.fetchNextPage()} />}
    </div>
  );
}

/** A field whose text is looked for once its writer pauses. */
export function Search({ value, change, hint }: { value: string; change: (s: string) => void; hint: string }) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback(change, 250);
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) setText(value); // it came from elsewhere
    told.current = value;
  }, [value]);
  return <TextInput className={css.search} type="search" placeholder={hint} aria-label={hint} leftSection={<IconSearch size={15} />} value={text} data-testid="search" onChange={(e) => {
    setText(e.currentTarget.value);
    told.current = e.currentTarget.value;
    later(e.currentTarget.value);
  }} />;
}

function Filters({ f, change }: { f: PeopleFilter; change: (c: Partial<PeopleFilter>) => void }) {
  const v = useTexts().visitors;
  const n = [f.verified, f.blocked, f.since, f.until].filter((x) => x !== "").length;
  const within = { comboboxProps: { withinPortal: false } };
  return (
    <Popover width={260} position="bottom-start">
      <Popover.Target><Button variant="default" size="sm" leftSection={<IconFilter size={15} />} data-testid="filters">{v.filters}{n > 0 ? ` · ${n}` : ""}</Button></Popover.Target>
      <Popover.Dropdown className={css.filters}>
        <Select {...within} label={v.identity} value={f.verified} onChange={(x) => change({ verified: choice(x) })} data={[{ value: "", label: v.any }, { value: "true", label: v.verified }, { value: "false", label: v.unverified }]} />
        <Select {...within} label={v.blocklist} value={f.blocked} onChange={(x) => change({ blocked: choice(x) })} data={[{ value: "", label: v.any }, { value: "true", label: v.blocked }, { value: "false", label: v.notBlocked }]} />
        <TextInput type="date" label={v.since} value={f.since} max={f.until} onChange={(e) => change({ since: e.currentTarget.value })} />
        <TextInput type="date" label={v.until} value={f.until} min={f.since} onChange={(e) => change({ until: e.currentTarget.value })} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Rows({ rows, more, busy, next }: { rows: readonly Person[]; more: boolean; busy: boolean; next: () => void }) {
  const t = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length + (more ? 1 : 0), getScrollElement: () => box.current, estimateSize: () => 54, overscan: 8, getItemKey: (i) => rows[i]?.id ?? "more" });
  const items = virtual.getVirtualItems();
  const end = more && !busy && (items.at(-1)?.index ?? 0) >= rows.length;
  useEffect(() => {
    if (end) next();
  }, [end]);
  return (
    <div className={css.scroll} ref={box} data-testid="people">
      <ul style={{ height: virtual.getTotalSize() }} aria-label={t.visitors.title}>
        {items.map((v) => {
          const p = rows[v.index];
          return <li key={v.key} style={{ height: v.size, transform: `translateY(${v.start}px)` }}>{p === undefined ? <Button variant="subtle" fullWidth loading={busy} onClick={next}>{t.shell.loadMore}</Button> : <Row p={p} />}</li>;
        })}
      </ul>
    </div>
  );
}

function Row({ p }: { p: Person }) {
  const t = useTexts();
  const now = useNow();
  return (
    <Link className={css.row} href={`/visitors/${p.id}`} data-testid="visitor" data-id={p.id}>
      <Who v={p} text={p.erased_at !== null ? <Badge color="gray">{t.visitors.erased}</Badge> : p.blocked ? <Badge color="red">{t.visitors.blocked}</Badge> : p.external_id || undefined} />
      <span className={css.soft}>{[p.name === "" ? "" : p.email, p.phone].filter((x) => x !== "").join(" · ") || "–"}</span>
      <span className={`${css.number} ${css.right}`}>{p.conversations}</span>
      <span className={`${css.number} ${css.right}`}>{ago(Date.parse(p.first_seen_at), now)}</span>
      <span className={`${css.number} ${css.right}`}>{p.last_seen_at === null ? "–" : ago(Date.parse(p.last_seen_at), now)}</span>
    </Link>
  );
}
