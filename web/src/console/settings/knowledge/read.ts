// Reads documents for the preview, as the server reads them for the index: Markdown, HTML and tables become blocks, which React draws.
// Nothing of a document becomes markup.

import { pieces, safeLink } from "../../../widget/text.ts";
import type { KnowledgeDocument } from "../../api/schema.ts";

export type Format = KnowledgeDocument["format"];

export interface Span { text: string; strong?: true; em?: true; strike?: true; code?: true; href?: string }
export interface Item { depth: number; spans: Span[] }
export type Block =
  | { kind: "heading"; level: number; spans: Span[] }
  | { kind: "text" | "quote"; spans: Span[] }
  | { kind: "list"; ordered: boolean; items: Item[] }
  | { kind: "code"; text: string }
  | { kind: "table"; head: boolean; rows: Span[][][] }
  | { kind: "rule" };

const heading = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
const bullet = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
const rule = /^ {0,3}(?:([-*_])[ \t]*)(?:\1[ \t]*){2,}$/;
const border = /^[ \t]*\|?[ \t:|-]*-[ \t:|-]*\|[ \t:|-]*$/;

/** Takes Markdown apart. */
export function readMarkdown(text: string): Block[] {
  const lines = text.replace(/\r\n?/g, "\n").replace(/^---\n[^]*?\n---\n/, "").split("\n");
  const out: Block[] = [];
  let open: string[] = [];
  const flush = () => {
    if (open.length > 0) out.push({ kind: "text", spans: inline(open.join("\n")) });
    open = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const next = lines[i + 1] ?? "";
    const mark = /^\s*(```|~~~)/.exec(line)?.[1];
    const title = heading.exec(line);
    const under = open.length === 0 && line.trim() !== "" && !bullet.test(line) ? /^ {0,3}(?:(=)+|-{3,})[ \t]*$/.exec(next) : null;
    if (mark !== undefined) {
      flush();
      const end = lines.findIndex((l, n) => n > i && l.trim().startsWith(mark));
      out.push({ kind: "code", text: lines.slice(i + 1, end < 0 ? lines.length : end).join("\n") });
      i = end < 0 ? lines.length : end;
    } else if (line.trim() === "") flush();
    else if (title !== null) {
      flush();
      out.push({ kind: "heading", level: (title[1] ?? "").length, spans: inline(title[2] ?? "") });
    } else if (rule.test(line)) {
      flush();
      out.push({ kind: "rule" });
    } else if (under !== null && !line.includes("|")) {
      out.push({ kind: "heading", level: under[1] === undefined ? 2 : 1, spans: inline(line.trim()) });
      i++;
    } else if (line.includes("|") && border.test(next)) {
      flush();
      const rows = [cells(line)];
      for (i += 2; (lines[i] ?? "").includes("|"); i++) rows.push(cells(lines[i] ?? ""));
      i--;
      out.push({ kind: "table", head: true, rows });
    } else if (bullet.test(line)) {
      flush();
      i = readList(lines, i, out) - 1;
    } else if (/^ {0,3}>/.test(line)) {
      flush();
      const said: string[] = [];
      for (; /^ {0,3}>/.test(lines[i] ?? ""); i++) said.push((lines[i] ?? "").replace(/^[ >]+/, ""));
      i--;
      out.push({ kind: "quote", spans: inline(said.join("\n")) });
    } else open.push(line.trim());
  }
  flush();
  return out;
}

/** Reads the list that begins at a line, and returns the line behind it. */
function readList(lines: readonly string[], from: number, out: Block[]): number {
  const items: { depth: number; text: string }[] = [];
  let i = from;
  for (; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const found = bullet.exec(line);
    if (found !== null) items.push({ depth: Math.min(4, Math.floor((found[1] ?? "").replace(/\t/g, "  ").length / 2)), text: found[3] ?? "" });
    else if (/^\s+\S/.test(line)) items.at(-1)!.text += `\n${line.trim()}`;
    else break;
  }
  out.push({ kind: "list", ordered: /^\s*\d/.test(lines[from] ?? ""), items: items.map(({ depth, text }) => ({ depth, spans: inline(text) })) });
  return i;
}

function cells(line: string): Span[][] {
  return line.trim().replace(/^\||\|$/g, "").split("|").map((c) => inline(c.trim()));
}

const marks = /\\([\\`*_{}[\]()#+.!>|~-])|(`+)([^]+?)\2(?!`)|!\[([^\]]*)\]\([^)]*\)|\[([^\]]+)\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(\*\*|__|~~)(?=\S)([^]*?\S)\7(?!(?<=\*)\*|(?<=_)_)|(?<![\w*])([*_])(?=[^\s*_])([^*_]*[^\s*_])\9(?!\w)/g;

/** Takes marks out of a text. */
export function inline(text: string, as: Omit<Span, "text"> = {}): Span[] {
  const out: Span[] = [];
  let at = 0;
  const plain = (s: string) => {
    if (as.href !== undefined) out.push({ ...as, text: s });
    else for (const p of pieces(s)) out.push({ ...as, text: p.text, ...(p.href === "" ? {} : { href: p.href }) });
  };
  for (const m of text.matchAll(marks)) {
    if (m.index > at) plain(text.slice(at, m.index));
    at = m.index + m[0].length;
    const [, escaped, , code, picture, label, target, double, inDouble, single, inSingle] = m;
    if (escaped !== undefined) out.push({ ...as, text: escaped });
    else if (code !== undefined) out.push({ ...as, text: code.trim(), code: true });
    else if (label !== undefined) out.push(...inline(label, safeLink(target) === "" ? as : { ...as, href: safeLink(target) }));
    else if (double !== undefined) out.push(...inline(inDouble ?? "", { ...as, ...(double === "~~" ? { strike: true } : { strong: true }) }));
    else if (single !== undefined) out.push(...inline(inSingle ?? "", { ...as, em: true }));
    else if ((picture ?? "") !== "") out.push({ ...as, text: picture ?? "", em: true });
  }
  if (at < text.length) plain(text.slice(at));
  return out;
}

const unread = "script, style, template, noscript, head, nav, svg, iframe, object";
const ends = "h1, h2, h3, h4, h5, h6, p, li, blockquote, pre, table, hr, div, section, article, dt, dd";

/** Takes HTML apart. The document that the browser makes of it is never shown, loads nothing and runs nothing. */
export function readHTML(html: string): Block[] {
  const doc = new DOMParser().parseFromString(html, "text/html");
  for (const e of doc.querySelectorAll(unread)) e.remove();
  const out: Block[] = [];
  const say = (e: Node) => inline((e.textContent ?? "").replace(/\s+/g, " ").trim().replace(/[\\`*_[\]~!]/g, "\\$&"));
  const walk = (e: Element) => {
    const name = e.tagName.toLowerCase();
    if (/^h[1-6]$/.test(name)) out.push({ kind: "heading", level: Number(name[1]), spans: say(e) });
    else if (name === "table") out.push({ kind: "table", head: e.querySelector("th") !== null, rows: [...e.querySelectorAll("tr")].map((r) => [...r.children].map(say)) });
    else if (name === "pre") out.push({ kind: "code", text: e.textContent ?? "" });
    else if (name === "hr") out.push({ kind: "rule" });
    else if (name === "ul" || name === "ol") out.push({ kind: "list", ordered: name === "ol", items: [...e.querySelectorAll("li")].map((x) => ({ depth: 0, spans: say(x) })) });
    else if (e.querySelector(ends) === null) {
      if ((e.textContent ?? "").trim() !== "") out.push({ kind: name === "blockquote" ? "quote" : "text", spans: say(e) });
    } else for (const x of e.childNodes) {
      if (x instanceof Element) walk(x);
      else if ((x.textContent ?? "").trim() !== "") out.push({ kind: "text", spans: say(x) });
    }
  };
  walk(doc.body);
  return out;
}

export interface Answer { topic: string; question: string; answer: string }

const names = {
  question: ["question", "questions", "q", "title", "问题", "提问", "问", "标题", "标准问题", "标准问"],
  answer: ["answer", "answers", "a", "text", "content", "response", "答案", "回答", "回复", "答", "内容"],
  topic: ["topic", "category", "group", "section", "分类", "类别", "主题", "栏目"],
};

/** Reads a table of questions and answers: its first line may name the columns. */
export function readTable(text: string): Answer[] {
  const rows = split(text);
  const column = (wanted: readonly string[]) => (rows[0] ?? []).findIndex((c) => wanted.includes(c.trim().toLowerCase()));
  const named = column(names.question) >= 0 && column(names.answer) >= 0;
  const [q, a, t] = named ? [column(names.question), column(names.answer), column(names.topic)] : [0, 1, -1];
  const cell = (r: readonly string[], i: number | undefined) => (r[i ?? -1] ?? "").trim();
  return rows.slice(named ? 1 : 0).map((r) => ({ topic: cell(r, t), question: cell(r, q), answer: cell(r, a) })).filter((x) => x.question !== "" && x.answer !== "");
}

/** Splits separated values, whichever of comma, tab and semicolon the first line has most of. */
function split(text: string): string[][] {
  const first = text.split("\n", 1)[0] ?? "";
  const mark = [",", "\t", ";"].reduce((best, c) => (first.split(c).length > first.split(best).length ? c : best));
  const rows: string[][] = [];
  let row: string[] = [], cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? "";
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"' && cell.trim() === "") {
      quoted = true;
      cell = "";
    } else if (c === mark || c === "\n") {
      row.push(cell);
      cell = "";
      if (c === "\n") rows.push(row.splice(0));
    } else if (c !== "\r") cell += c;
  }
  if (cell !== "" || row.length > 0) rows.push([...row, cell]);
  return rows;
}

/** The title that a text has of its own, which is what the server calls it if nobody says otherwise; "" for none. */
export function ownTitle(format: Format, text: string): string {
  const found = (blocks: readonly Block[]) => blocks.find((b) => b.kind === "heading" && b.level === 1);
  const plain = (b: Block | undefined) => (b?.kind === "heading" ? b.spans.map((s) => s.text).join("") : "");
  if (format === "markdown") return plain(found(readMarkdown(text)));
  if (format !== "html") return "";
  const title = new DOMParser().parseFromString(text, "text/html").title.trim();
  return title !== "" ? title : plain(found(readHTML(text)));
}
