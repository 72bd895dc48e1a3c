// Text that others wrote: where its links are, and which addresses may be loaded or opened.

export interface Piece { text: string; href: string }

// A link ends at spaces, quotes and CJK: Chinese stands right behind a link without a space.
const link = /https?:\/\/[^\s<>"'`\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]+/gi;
const trailing = /[.,;:!?'"*_~)\]}]$/;

/** Cuts a text into pieces, of which those with an href are links. */
export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const m of text.matchAll(link)) {
    let found = m[0];
    while (trailing.test(found) && !closes(found)) found = found.slice(0, -1);
    const href = safeLink(found);
    if (href === "") continue;
    if (m.index > at) out.push({ text: text.slice(at, m.index), href: "" });
    out.push({ text: found, href });
    at = m.index + found.length;
  }
  if (at < text.length) out.push({ text: text.slice(at), href: "" });
  return out;
}

/** Whether the bracket at the end belongs to the address, as in /wiki/Tea_(drink). */
function closes(s: string): boolean {
  const pair = { ")": "(", "]": "[", "}": "{" }[s.at(-1) ?? ""];
  return pair !== undefined && s.split(pair).length === s.split(s.at(-1)!).length;
}

/** An address that may be opened: absolute, http or https, nobody's password in it. "" for any other. */
export function safeLink(raw: unknown): string {
  if (typeof raw !== "string" || !/^https?:\/\//i.test(raw)) return "";
  try {
    const u = new URL(raw);
    return (u.protocol === "https:" || u.protocol === "http:") && u.username === "" && u.password === "" ? u.href : "";
  } catch {
    return "";
  }
}

/** A picture that may be loaded from elsewhere: https only. "" for any other. */
export function safeImage(raw: unknown): string {
  const href = safeLink(raw);
  return href.startsWith("https:") ? href : "";
}

const upload = /^\/api\/v1\/uploads\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The id of the upload that a message's url names; "" if it names none. */
export function uploadOf(raw: unknown): string {
  return typeof raw === "string" ? (upload.exec(raw)?.[1] ?? "") : "";
}

/** A size for people: 840 B, 12 KB, 3.4 MB. */
export function fileSize(bytes: unknown): string {
  const n = typeof bytes === "number" && bytes > 0 ? bytes : 0;
  if (n === 0) return "";
  if (n < 1000) return `${n} B`;
  if (n < 999_500) return `${Math.round(n / 1000)} KB`;
  return `${(n / 1_000_000).toFixed(n < 10_000_000 ? 1 : 0)} MB`;
}

export function str(v: unknown): string {
  return typeof v === "string" ? v : typeof v === "number" ? String(v) : "";
}
