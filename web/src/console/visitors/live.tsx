// The live board: who is on the site now. The server filters and sorts; only the rows on the screen are told of.

import { Button, Popover, Select, Switch, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { say, useTexts } from "../i18n/index.ts";
import { duration, useNow } from "../i18n/time.ts";
import { Empty } from "../ui/empty.tsx";
import { IconAdjustmentsHorizontal, IconArrowDown, IconArrowUp, IconWorld } from "../ui/icons.ts";
import { boardSorts, boardStates, countBoard, deepest, mostRows, readBoard, readOpened, watchFilter, writeBoard, writeOpened, type Board, type BoardFilter, type BoardRow } from "./board.ts";
import { Detail } from "./detail.tsx";
import { Search } from "./people.tsx";
import { money, pathOf } from "./steps.ts";
import css from "./visitors.module.css";
import { useBoard } from "./watch.ts";
import { Who } from "./who.tsx";

export function Live() {
  const t = useTexts();
  const v = t.visitors;
  const [, go] = useLocation();
  const search = useSearch();
  const f = useMemo(() => readBoard(search), [search]);
  const { board, answered, see } = useBoard(watchFilter(f));
  const open = readOpened(search);
  const known = useRef<BoardRow | null>(null); // it may have scrolled away
  const change = (c: Partial<BoardFilter>) => go(`/visitors/live${open === null ? writeBoard({ ...f, ...c }) : writeOpened({ ...f, ...c }, open)}`, { replace: true });
  const asked = countBoard(f) > 0 || f.q !== "";
  if (known.current?.id !== open?.id) known.current = null;
  known.current = board.rows.find((r) => r.id === open?.id) ?? known.current;
  const show = useCallback((r: BoardRow) => go(`/visitors/live${writeOpened(f, r)}`), [f, go]);
  return (
    <div className={`${css.wrap} ${css.board}`}>
      <div className={css.bar}>
        <Search value={f.q} change={(q) => change({ q })} hint={v.findLive} />
        <Select w={140} aria-label={v.anyState} value={f.state} onChange={(s) => change({ state: boardStates.find((x) => x === s) ?? "" })} data={[{ value: "", label: v.anyState }, ...boardStates.map((s) => ({ value: s, label: v.state[s] }))]} data-testid="state" />
        <More f={f} change={change} />
        <span className={css.grow} />
        <span className={css.count} role="status" data-testid="total">{answered ? say(v.count, { n: board.total }) : t.shell.loading}</span>
      </div>
      {!board.complete && <div className={css.note} role="status">{v.incomplete}</div>}
      {board.total > deepest + mostRows && <div className={css.note}>{say(v.tooDeep, { n: deepest + mostRows })}</div>}
      {answered && board.total === 0 ? <Empty icon={<IconWorld size={22} />} title={asked ? v.noneFound : v.nobodyOnline} text={asked ? v.noneFoundText : v.nobodyOnlineText} /> : (
        <>
          <div className={css.head}>
            <span>{v.name}</span><span>{v.status}</span><span>{v.page}</span>
            <Sort by="pages" title={v.pages} f={f} change={change} /><Sort by="since" title={v.here} f={f} change={change} /><Sort by="last_seen" title={v.seen} f={f} change={change} /><Sort by="cart_value" title={v.cart} f={f} change={change} />
          </div>
          <Rows board={board} see={see} open={show} />
        </>
      )}
      <Detail at={open} row={known.current} close={() => go(`/visitors/live${writeBoard(f)}`, { replace: true })} />
    </div>
  );
}

/** A column's name, which sorts by it, and the other way round if it does already. */
function Sort({ by, title, f, change }: { by: BoardFilter["sort"]; title: string; f: BoardFilter; change: (c: Partial<BoardFilter>) => void }) {
  const v = useTexts().visitors;
  const on = f.sort === by;
  // The one who came first has been here longest: the arrow is that of the time, not of the length.
  return <button type="button" className={css.sort} aria-pressed={on} aria-label={say(v.sortBy, { name: title })} onClick={() => change(on ? { asc: !f.asc } : { sort: by, asc: false })} data-testid={`sort-${by}`}>{title}{on && (f.asc ? <IconArrowUp size={12} aria-hidden="true" /> : <IconArrowDown size={12} aria-hidden="true" />)}</button>;
}

function More({ f, change }: { f: BoardFilter; change: (c: Partial<BoardFilter>) => void }) {
  const v = useTexts().visitors;
  const [page, setPage] = useState(f.page);
  const [wanted] = useDebouncedValue(page, 300);
  useEffect(() => {
    if (wanted !== f.page) change({ page: wanted });
  }, [wanted]);
  const n = countBoard(f) - (f.state === "" ? 0 : 1);
  const within = { comboboxProps: { withinPortal: false } };
  return (
    <Popover width={260} position="bottom-start">
      <Popover.Target><Button variant="default" size="sm" leftSection={<IconAdjustmentsHorizontal size={15} />} data-testid="filters">{v.filters}{n > 0 ? ` · ${n}` : ""}</Button></Popover.Target>
      <Popover.Dropdown className={css.filters}>
        <Select {...within} label={v.sort} value={f.sort} onChange={(s) => change({ sort: boardSorts.find((x) => x === s) ?? "since" })} data={boardSorts.map((s) => ({ value: s, label: v.sorts[s] }))} data-testid="sort" />
        <Button variant="default" leftSection={f.asc ? <IconArrowUp size={14} /> : <IconArrowDown size={14} />} onClick={() => change({ asc: !f.asc })} data-testid="order">{f.asc ? v.ascending : v.descending}</Button>
        <TextInput label={v.page} value={page} onChange={(e) => setPage(e.currentTarget.value)} data-testid="page" />
        <TextInput label={v.country} placeholder={v.countryHint} maxLength={2} defaultValue={f.country} onChange={(e) => { const c = e.currentTarget.value; if (c === "" || /^[a-z]{2}$/i.test(c)) change({ country: c.toUpperCase() }); }} />
        <Switch label={v.hasCart} checked={f.cart} onChange={(e) => change({ cart: e.currentTarget.checked })} data-testid="has-cart" />
      </Popover.Dropdown>
    </Popover>
  );
}

function Rows({ board, see, open }: { board: Board; see: (first: number, last: number) => void; open: (r: BoardRow) => void }) {
  const t = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const count = Math.min(board.total, deepest + mostRows);
  const virtual = useVirtualizer({ count, getScrollElement: () => box.current, estimateSize: () => 50, overscan: 4 });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0, last = items.at(-1)?.index ?? 0;
  const seen = useRef({ first, last, timer: 0 });
  useEffect(() => {
    const s = seen.current;
    s.first = first;
    s.last = last;
    if (s.timer === 0) s.timer = window.setTimeout(() => { s.timer = 0; see(s.first, s.last); }, 120); // while one scrolls, not for each row
  }, [first, last, see]);
  useEffect(() => () => { window.clearTimeout(seen.current.timer); seen.current.timer = 0; }, [see]);
  return (
    <div className={css.scroll} ref={box} data-testid="board">
      <ul style={{ height: virtual.getTotalSize() }} aria-label={t.visitors.live}>
        {items.map((v) => {
          const r = board.rows[v.index - board.offset];
          return <li key={r?.id ?? `at-${v.index}`} style={{ height: v.size, transform: `translateY(${v.start}px)` }}>{r === undefined ? <div className={css.blank} /> : <Row r={r} open={open} />}</li>;
        })}
      </ul>
    </div>
  );
}

/** Drawn anew only if it changed: while one scrolls, nothing of it does. */
const Row = memo(function Row({ r, open }: { r: BoardRow; open: (r: BoardRow) => void }) {
  const t = useTexts();
  const now = useNow();
  return (
    <button type="button" className={css.row} onClick={() => open(r)} data-testid="online" data-id={r.id} data-state={r.state}>
      <Who v={r} text={[r.name === "" ? "" : r.email, r.locale].filter((x) => x !== "").join(" · ") || undefined} />
      <span className={css.state} data-state={r.state}>{t.visitors.state[r.state]}</span>
      <span className={css.soft} title={r.page} dir="ltr">{r.page === "" ? "–" : pathOf(r.page)}</span>
      <span className={`${css.number} ${css.right}`}>{r.pages}</span>
      <span className={`${css.number} ${css.right}`}>{duration(Math.max(0, now - Date.parse(r.since)))}</span>
      <span className={`${css.number} ${css.right}`}>{duration(Math.max(0, now - Date.parse(r.last_seen_at)))}</span>
      <span className={`${css.number} ${css.right}`}>{r.has_cart ? money(r.cart_value, "") : "–"}</span>
    </button>
  );
});
