// What a document looks like to the index: its headings and paragraphs, or its questions and answers.

import { createElement, useDeferredValue, useMemo } from "react";
import { useTexts } from "../../i18n/index.ts";
import css from "./knowledge.module.css";
import { inline, readHTML, readMarkdown, readTable, type Block, type Format, type Item, type Span } from "./read.ts";

/** How much of a text is shown. */
const most = 60_000;

export function Preview({ format, text }: { format: Format; text: string }) {
  const t = useTexts().knowledge.edit;
  const latest = useDeferredValue(text);
  const shown = useMemo(() => draw(format, latest.slice(0, most)), [format, latest]);
  return (
    <div className={css.preview} tabIndex={0} role="region" aria-label={t.preview} data-testid="preview" dir="auto">
      {latest.trim() === "" ? <p className={css.pale}>{t.nothingYet}</p> : shown ?? <p className={css.pale}>{t.noRows}</p>}
      {latest.length > most && <p className={css.pale}>{t.cut}</p>}
    </div>
  );
}

function draw(format: Format, text: string) {
  if (format === "text") return <p className={css.plain}>{text}</p>;
  if (format !== "csv") return <Blocks blocks={format === "html" ? readHTML(text) : readMarkdown(text)} />;
  const rows = readTable(text);
  return rows.length === 0 ? null : <dl>{rows.map((r, i) => <div key={i}>{r.topic !== "" && <small>{r.topic}</small>}<dt>{r.question}</dt><dd>{r.answer}</dd></div>)}</dl>;
}

/** A piece of Markdown in a line or two: a hit. */
export function Lines({ text }: { text: string }) {
  return <p className={css.plain} dir="auto"><Spans spans={inline(text)} /></p>;
}

function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return <>{blocks.map((b, i) => <One key={i} block={b} />)}</>;
}

function One({ block: b }: { block: Block }) {
  switch (b.kind) {
    case "heading": return createElement(`h${Math.min(6, b.level + 2)}`, { "data-level": b.level }, <Spans spans={b.spans} />); // below the page's own
    case "text": return <p><Spans spans={b.spans} /></p>;
    case "quote": return <blockquote><Spans spans={b.spans} /></blockquote>;
    case "list": return <Items items={b.items} ordered={b.ordered} />;
    case "code": return <pre><code>{b.text}</code></pre>;
    case "rule": return <hr />;
    case "table": return (
      <table>
        {b.head && <thead><tr>{b.rows[0]?.map((c, i) => <th key={i}><Spans spans={c} /></th>)}</tr></thead>}
        <tbody>{b.rows.slice(b.head ? 1 : 0).map((r, i) => <tr key={i}>{r.map((c, n) => <td key={n}><Spans spans={c} /></td>)}</tr>)}</tbody>
      </table>
    );
  }
}

function Items({ items, ordered }: { items: readonly Item[]; ordered: boolean }) {
  const all = items.map((x, i) => <li key={i} data-depth={x.depth}><Spans spans={x.spans} /></li>);
  return ordered ? <ol>{all}</ol> : <ul>{all}</ul>;
}

function Spans({ spans }: { spans: readonly Span[] }) {
  return <>{spans.map((s, i) => <Marked key={i} span={s} />)}</>;
}

function Marked({ span: s }: { span: Span }) {
  let out = <>{s.text}</>;
  if (s.code === true) out = <code>{out}</code>;
  if (s.strike === true) out = <del>{out}</del>;
  if (s.em === true) out = <em>{out}</em>;
  if (s.strong === true) out = <strong>{out}</strong>;
  return s.href === undefined ? out : <a href={s.href} target="_blank" rel="noopener noreferrer">{out}</a>;
}
