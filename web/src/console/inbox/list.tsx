// The list of conversations: its queues, and as many rows as are seen.

import { ActionIcon, Button, Menu } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { usePages } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { useCommands } from "../shell/commands.ts";
import { Empty } from "../ui/empty.tsx";
import { IconDots, IconInbox } from "../ui/icons.ts";
import { Failed } from "../ui/problem.tsx";
import { countFilters, noFilters, toQuery, views, type Filters, type View } from "./filters.ts";
import css from "./inbox.module.css";
import { Row } from "./row.tsx";
import { Search } from "./search.tsx";

interface Props {
  id: string;
  filters: Filters;
  change: (f: Filters) => void;
  open: (c: Conversation) => void;
}

const main: readonly View[] = ["mine", "queued", "open"];
const rest: readonly View[] = ["bot", "snoozed", "closed", "all"];

export function List({ id, filters, change, open }: Props) {
  const t = useTexts();
  const pages = usePages("/conversations", { query: toQuery(filters) }, { keep: true });
  const rows = pages.items;
  const step = (by: number) => {
    const at = rows.findIndex((c) => c.id === id);
    const next = rows[at < 0 ? 0 : at + by];
    if (next !== undefined) open(next);
  };
  useCommands([
    { id: "next", group: "list", name: t.inbox.next, keys: "j", hidden: true, run: () => step(1) },
    { id: "previous", group: "list", name: t.inbox.previous, keys: "k", hidden: true, run: () => step(-1) },
    ...views.slice(0, 3).map((v, i) => ({ id: `view-${v}`, group: "list" as const, name: say(t.inbox.showView, { view: t.inbox.view[v] }), keys: String(i + 1), run: () => change({ ...filters, view: v }) })),
    ...views.slice(3).map((v) => ({ id: `view-${v}`, group: "list" as const, name: say(t.inbox.showView, { view: t.inbox.view[v] }), run: () => change({ ...filters, view: v }) })),
  ]);
  return (
    <nav className={css.list} aria-label={t.inbox.list} data-stale={pages.isPlaceholderData}>
      <Views filters={filters} change={change} />
      <Search filters={filters} change={change} />
      {pages.isError && rows.length === 0 ? <Failed error={pages.error} again={() => void pages.refetch()} />
        : pages.isPending ? <div className={css.wait} role="status" aria-label={t.shell.loading} />
        : rows.length === 0 ? <div className={css.nothing}><Empty icon={<IconInbox size={22} />} title={emptyText(filters, t)} /></div>
        : <Rows rows={rows} id={id} filters={filters} more={pages.hasNextPage} busy={pages.isFetchingNextPage} next={() => void pages.fetchNextPage()} />}
    </nav>
  );
}

function emptyText(f: Filters, t: Texts): string {
  if (f.q !== "" || countFilters(f) > 0) return t.inbox.nothingFound;
  return t.inbox.empty[f.view];
}

function Views({ filters, change }: { filters: Filters; change: (f: Filters) => void }) {
  const t = useTexts();
  const tab = (v: View) => <Tab key={v} view={v} current={filters.view === v} choose={() => change({ ...filters, view: v })} />;
  const hidden = rest.includes(filters.view);
  return (
    <div className={css.tabs}>
      <div role="tablist" aria-label={t.inbox.views}>
        {main.map(tab)}
        {hidden && <button type="button" role="tab" aria-selected className={css.tab} data-testid={`tab-${filters.view}`}>{t.inbox.view[filters.view]}</button>}
      </div>
      <Menu position="bottom-end">
        <Menu.Target><ActionIcon className={css.moreViews} aria-label={t.inbox.moreViews} data-testid="views"><IconDots size={17} /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          {rest.map((v) => <Menu.Item key={v} onClick={() => change({ ...filters, view: v })} rightSection={filters.view === v ? "✓" : null} data-testid={`view-${v}`}>{t.inbox.view[v]}</Menu.Item>)}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function Tab({ view, current, choose }: { view: View; current: boolean; choose: () => void }) {
  const t = useTexts();
  const pages = usePages("/conversations", { query: toQuery({ ...noFilters, view }) });
  const n = pages.items.length;
  return (
    <button type="button" role="tab" aria-selected={current} className={css.tab} onClick={choose} data-testid={`tab-${view}`}>
      {t.inbox.view[view]}{n > 0 && <span className={css.count} data-hot={view === "queued"}>{n}{pages.hasNextPage ? "+" : ""}</span>}
    </button>
  );
}

interface RowsProps { rows: readonly Conversation[]; id: string; filters: Filters; more: boolean; busy: boolean; next: () => void }

const rowHeight = 72;

function Rows({ rows, id, filters, more, busy, next }: RowsProps) {
  const t = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length + (more ? 1 : 0), getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 6,
    getItemKey: (i) => rows[i]?.id ?? "more",
  });
  const items = virtual.getVirtualItems();
  const end = more && !busy && (items.at(-1)?.index ?? 0) >= rows.length;
  useEffect(() => {
    if (end) next();
  }, [end]);
  const at = rows.findIndex((c) => c.id === id);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [id, at >= 0]);
  return (
    <div className={css.scroll} ref={box} data-testid="list">
      <ul style={{ height: virtual.getTotalSize() }}>
        {items.map((v) => {
          const c = rows[v.index];
          return (
            <li key={v.key} style={{ height: v.size, transform: `translateY(${v.start}px)` }}>
              {c === undefined ? <Button variant="subtle" fullWidth loading={busy} onClick={next}>{t.shell.loadMore}</Button> : <Row c={c} current={c.id === id} filters={filters} />}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
