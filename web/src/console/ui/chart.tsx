// A chart: lines or bars over time, with what they mean, the numbers under the pointer, and all of them as a table for whoever
// can't see it or wants to read.

import { Button, useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTexts } from "../i18n/index.ts";
import css from "./chart.module.css";
import { IconChartLine, IconTable } from "./icons.ts";
import { data, options, type Plot, type Series } from "./plot.ts";

interface Props extends Plot {
  /** What it shows, for people who don't see it. */
  label: string;
  /** The first column's name in the table. */
  place: string;
  /** The places in full, in the table and under the pointer; defaults to labels. */
  long?: readonly string[];
  height?: number;
  testid?: string;
}

interface At { index: number; left: number }

export function Chart({ label, place, long, height = 220, testid, ...plot }: Props) {
  const t = useTexts();
  const [table, setTable] = useState(false);
  const names = long ?? plot.labels;
  return (
    <figure className={css.chart} aria-label={label} data-testid={testid}>
      <div className={css.top}>
        {plot.series.map((s) => <span key={s.name} className={css.key} data-dashed={s.dashed ?? false} style={key(s)}><i aria-hidden="true" />{s.name}</span>)}
        <Button className={css.toggle} variant="subtle" color="gray" size="compact-xs" aria-pressed={table} leftSection={table ? <IconChartLine size={14} /> : <IconTable size={14} />} onClick={() => setTable(!table)}>
          {table ? t.reports.asChart : t.reports.asTable}
        </Button>
      </div>
      {table ? <Numbers {...plot} label={label} place={place} names={names} /> : <Canvas plot={plot} names={names} height={height} label={label} />}
    </figure>
  );
}

const key = (s: Series) => ({ "--key": `var(--c${s.colour})` }) as React.CSSProperties;
const shown = (v: number | null | undefined, format: (n: number) => string) => (v === null || v === undefined ? "–" : format(v));

function Numbers({ series, format, label, place, names }: Plot & { label: string; place: string; names: readonly string[] }) {
  return (
    <div className={css.table} tabIndex={0}>
      <table aria-label={label}>
        <thead><tr><th scope="col">{place}</th>{series.map((s) => <th key={s.name} scope="col">{s.name}</th>)}</tr></thead>
        <tbody>{names.map((n, i) => <tr key={i}><th scope="row">{n}</th>{series.map((s) => <td key={s.name}>{shown(s.values[i], format)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

function Canvas({ plot, names, height, label }: { plot: Plot; names: readonly string[]; height: number; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<At | null>(null);
  const scheme = useComputedColorScheme("light");
  const shape = JSON.stringify([plot.kind, plot.unit, plot.labels, plot.series]);
  const format = useRef(plot.format);
  format.current = plot.format;
  useEffect(() => {
    const el = box.current;
    if (el === null) return undefined;
    const styles = getComputedStyle(el);
    const u = new uPlot(options(uPlot, { ...plot, format: (n) => format.current(n) }, Math.max(el.clientWidth, 120), height, {
      token: (name) => styles.getPropertyValue(name).trim(),
      select: (index, left) => setAt((was) => (index === null ? null : was?.index === index ? was : { index, left })),
    }), data(plot), el);
    const watch = new ResizeObserver(() => { if (el.clientWidth !== u.width && el.clientWidth > 0) u.setSize({ width: el.clientWidth, height }); });
    watch.observe(el);
    return () => {
      watch.disconnect();
      u.destroy();
      setAt(null);
    };
  }, [shape, height, scheme]);
  const right = at !== null && at.left > (box.current?.clientWidth ?? 0) / 2;
  return (
    <div className={css.plot} role="img" aria-label={label}>
      <div ref={box} style={{ height }} />
      {at !== null && names[at.index] !== undefined && (
        <div className={css.tip} style={right ? { right: `calc(100% - ${at.left}px + 14px)` } : { left: at.left + 14 }}>
          <b>{names[at.index]}</b>
          {plot.series.map((s) => <span key={s.name} style={key(s)}><i />{s.name}<em>{shown(s.values[at.index], plot.format)}</em></span>)}
        </div>
      )}
    </div>
  );
}
