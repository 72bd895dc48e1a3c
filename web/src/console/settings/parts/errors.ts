// What the server says is wrong, brought to the fields it speaks of.

import { ApiError } from "../../api/client.ts";
import { say, words } from "../../i18n/index.ts";
import { known, reason } from "../../ui/problem.tsx";

/** What is wrong, by field: "name", "conditions.url". */
export type Errors = Readonly<Record<string, string>>;

/** What an error means; of what has no code of its own also what the server says of it, in whatever language: it names what is to be mended. */
export function explain(e: unknown): string {
  const what = reason(e);
  const more = e instanceof ApiError && e.status > 0 && known(e.code) === undefined && e.message !== "" && e.message !== what && e.message !== e.problem.title;
  return more ? say(words().problems.detailed, { what, detail: e.message }) : what;
}

type Words = ReturnType<typeof words>["problems"]["fields"];

/** What the server says most of fields, in English; its numbers fill the places. */
const patterns: readonly [RegExp, (f: Words, a: string, b: string) => string][] = [
  [/^expected (?:length >= 1|required property .+ to be present)$/, () => words().shell.required],
  [/^expected length >= (\d+)$/, (f, n) => say(f.short, { n: Number(n) })],
  [/^expected length <= (\d+)$/, (f, n) => say(f.long, { n: Number(n) })],
  [/^must be (\d+) to (\d+) characters$/, (f, n, most) => say(f.length, { n: Number(n), most: Number(most) })],
  [/^expected number >= (-?\d+)$/, (f, n) => say(f.least, { n: Number(n) })],
  [/^expected number <= (-?\d+)$/, (f, n) => say(f.most, { n: Number(n) })],
  [/^must be (\d+) to (\d+)$/, (f, n, most) => say(f.range, { n: Number(n), most: Number(most) })],
  [/^expected array length <= (\d+)$|^at most (\d+)$/, (f, n, m) => say(f.many, { n: Number(n || m) })],
  [/^expected string to be RFC 5322 email/, (f) => f.email],
  [/^expected string to be RFC 3986 (?:absolute )?uri|^must be an absolute http or https address$/, (f) => f.url],
];

/** What is wrong with a field in the console's words if it has some, otherwise as the server says it. */
export function fieldText(message: string): string {
  for (const [pattern, text] of patterns) {
    const m = pattern.exec(message);
    if (m !== null) return text(words().problems.fields, m[1] ?? "", m[2] ?? "");
  }
  return message;
}

/**
 * Sorts an error: what is about one of the fields, and the rest of it, which is null if there is none.
 * codes names the field of a problem's code: { name_taken: "name" }.
 */
export function fieldErrors(e: unknown, names: readonly string[], codes: Readonly<Record<string, string>> = {}): { fields: Errors; rest: unknown } {
  if (!(e instanceof ApiError)) return { fields: {}, rest: e };
  const owner = codes[e.code];
  if (owner !== undefined) return { fields: { [owner]: explain(e) }, rest: null };
  const found: Record<string, string> = {};
  let others = false;
  const told = (at: string, message: string) => {
    const path = at.replace(/\[(\d+)\]/g, ".$1");
    if (!names.includes(path.split(".")[0] ?? "")) others = true;
    else found[path] ??= fieldText(message);
  };
  for (const one of e.problem.errors ?? []) told((one.location ?? "").replace(/^body\./, ""), one.message ?? "");
  if ((e.problem.errors ?? []).length === 0 && e.status === 400) {
    const said = /^(?:widget\.)?([a-z_]+(?:\.[a-z_0-9]+)*): ([^]+)$/.exec(e.message);
    if (said !== null) told(said[1] ?? "", said[2] ?? "");
  }
  return { fields: found, rest: Object.keys(found).length === 0 || others ? e : null };
}
