// A figure with its change against the time before.

import { Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { say, useTexts } from "../i18n/index.ts";
import { IconArrowDown, IconArrowUp } from "../ui/icons.ts";
import { change, percent } from "./figures.ts";
import css from "./reports.module.css";

interface Props {
  title: string;
  value: number | null;
  format: (n: number) => string;
  /** Of the time before: undefined if nothing is compared. */
  was?: number | null | undefined;
  better?: "more" | "less" | "neither";
  text?: ReactNode;
  href?: string;
  testid?: string;
}

/** Cards in rows of n; on a phone there are two in each. */
export function Cards({ n, children }: { n: number; children: ReactNode }) {
  return <div className={css.cards} style={{ "--cards": n } as React.CSSProperties}>{children}</div>;
}

export function Card({ title, value, format, was, better = "neither", text, href, testid }: Props) {
  const t = useTexts();
  const c = was === undefined ? null : change(value, was, better);
  const inside = (
    <>
      <h3>{title}</h3>
      <strong><span data-testid={testid}>{value === null ? "–" : format(value)}</span>{c !== null && <Change by={c.by} good={c.good} was={format(was ?? 0)} />}</strong>
      <small>{text ?? (was === undefined || was === null ? " " : say(t.reports.versus, { value: format(was) }))}</small>
    </>
  );
  return href === undefined ? <div className={css.card}>{inside}</div> : <Link className={css.card} href={href}>{inside}</Link>;
}

function Change({ by, good, was }: { by: number; good: boolean | null; was: string }) {
  const t = useTexts();
  const n = percent(Math.abs(by));
  const said = Math.abs(by) < .005 ? t.reports.same : say(by > 0 ? t.reports.up : t.reports.down, { n });
  return (
    <Tooltip label={`${said} (${say(t.reports.versus, { value: was })})`}>
      <span className={css.change} data-good={good ?? undefined} role="img" aria-label={said}>{Math.abs(by) < .005 ? "=" : by > 0 ? <IconArrowUp size={12} stroke={2.4} /> : <IconArrowDown size={12} stroke={2.4} />}{Math.abs(by) >= .005 && (Math.abs(by) > 9.99 ? ">999%" : n)}</span>
    </Tooltip>
  );
}

interface Answered { isPending: boolean; isPlaceholderData: boolean }

/** Says that something is read, above what there is already. */
export function Waiting({ q }: { q: Answered }) {
  const t = useTexts();
  return q.isPending || q.isPlaceholderData ? <div className={css.wait} role="status" aria-label={t.shell.loading} /> : null;
}

export function Incomplete({ complete }: { complete: boolean }) {
  const t = useTexts();
  return complete ? null : <div className={css.note} role="status">{t.reports.incomplete}</div>;
}
