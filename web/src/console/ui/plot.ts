// What a chart draws: uPlot's options from series of numbers. The x axis counts the rows, so that days of 23 or 25 hours are as wide as others.

import type uPlot from "uplot";

export type Colour = "1" | "2" | "3" | "4" | "5" | "0";

/** A line, or the bars of one kind. null: nothing is known there. */
export interface Series { name: string; values: readonly (number | null)[]; colour: Colour; dashed?: boolean }

export interface Plot {
  kind: "lines" | "bars";
  /** What stands below the places: one for each value. */
  labels: readonly string[];
  series: readonly Series[];
  format: (n: number) => string;
  /** The values are of this unit: it decides where lines are drawn across. */
  unit?: "count" | "seconds" | "rating";
}

/** Running sums over the series of a place, so that bars stand on each other. Dashed ones are lines of their own. */
export function stacked(series: readonly Series[]): (number | null)[][] {
  const sums: number[] = [];
  return series.map((s) => {
    if (s.dashed === true) return [...s.values];
    return s.values.map((v, i) => (sums[i] = (sums[i] ?? 0) + (v ?? 0)));
  });
}

/** The indexes at which labels stand, about every `gap` pixels. */
export function places(n: number, width: number, gap: number): number[] {
  const step = Math.max(1, Math.ceil((n * gap) / Math.max(width, 1)));
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => i * step);
}

const steps = {
  count: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 5_000_000],
  seconds: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000],
  rating: [1],
};

interface Look { token: (name: string) => string; select: (at: number | null, left: number) => void }

/** uPlot's options for a plot. */
export function options(lib: typeof uPlot, p: Plot, width: number, height: number, look: Look): uPlot.Options {
  const unit = p.unit ?? "count";
  const font = `11px ${look.token("--u-font")}`;
  const axis = { stroke: () => look.token("--u-faint"), font };
  const bars = lib.paths.bars!({ size: [.68, 36], radius: .12 });
  const colour = (s: Series) => () => look.token(`--c${s.colour}`);
  const first = p.series.find((s) => s.dashed !== true);
  const line = (s: Series): uPlot.Series => ({
    label: s.name, stroke: colour(s), width: s.dashed === true ? 1.5 : 2, spanGaps: true, points: { show: p.labels.length * 20 < width && s.dashed !== true, size: 5 },
    ...(s.dashed === true ? { dash: [4, 4] } : s === first && unit !== "rating" ? { fill: () => `${look.token(`--c${s.colour}`)}22` } : {}),
  });
  const bar = (s: Series): uPlot.Series => ({ label: s.name, stroke: colour(s), fill: colour(s), width: 0, paths: bars, points: { show: false } });
  return {
    width, height, legend: { show: false }, padding: [10, p.kind === "lines" ? 20 : 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: p.kind === "lines" } },
    scales: {
      x: { time: false, range: () => (p.kind === "bars" || p.labels.length < 2 ? [-.5, p.labels.length - .5] : [0, p.labels.length - 1]) },
      y: { range: (_u, _min, max) => (unit === "rating" ? [1, 5] : [0, Math.max(max ?? 0, unit === "seconds" ? 10 : 4) * 1.08]) },
    },
    axes: [
      { ...axis, grid: { show: false }, ticks: { show: false }, size: 26, splits: (u) => places(p.labels.length, u.bbox.width / devicePixelRatio, 72), values: (_u, at) => at.map((i) => p.labels[i] ?? "") },
      { ...axis, grid: { stroke: () => look.token("--u-line"), width: 1 }, ticks: { show: false }, gap: 6, incrs: steps[unit], space: 34, values: (_u, at) => at.map(p.format), size: (_u, said) => 18 + 6.4 * Math.max(3, ...(said ?? []).map((s) => s?.length ?? 0)) },
    ],
    series: [{}, ...drawn(p).map(({ s }) => (p.kind === "bars" && s.dashed !== true ? bar(s) : line(s)))],
    hooks: { setCursor: [(u) => look.select((u.cursor.left ?? -1) < 0 ? null : (u.cursor.idx ?? null), (u.cursor.left ?? 0) + u.bbox.left / devicePixelRatio)] },
  };
}

/** Series in the order in which they are drawn: the tallest bar of a stack is behind the others, dashed lines are in front. */
export function drawn(p: Plot): { s: Series; values: (number | null)[] }[] {
  if (p.kind === "lines") return p.series.map((s) => ({ s, values: [...s.values] })).sort((a, b) => Number(b.s.dashed ?? false) - Number(a.s.dashed ?? false));
  const sums = stacked(p.series);
  const all = p.series.map((s, i) => ({ s, values: sums[i]! }));
  return [...all.filter((x) => x.s.dashed !== true).reverse(), ...all.filter((x) => x.s.dashed === true)];
}

/** What uPlot is given. */
export function data(p: Plot): uPlot.AlignedData {
  return [p.labels.map((_, i) => i), ...drawn(p).map((x) => x.values)];
}
