// Examples as people write them into a box: a sentence a line.

/** What the server takes of one intent, and of one sentence in characters. */
export const most = 500;
export const longest = 300;

/** The sentences of a box: without empty lines, without what stands around them, each once. */
export function sentences(text: string): string[] {
  const seen = new Set<string>();
  return text.split(/\r?\n/).map((l) => l.trim().replace(/\s+/g, " ")).filter((l) => {
    const key = l.toLowerCase();
    if (l === "" || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** What is wrong with them: too many, or the place of one that is too long, from 1. */
export function problemOf(all: readonly string[]): { many: true } | { many: false; line: number } | undefined {
  if (all.length > most) return { many: true };
  const line = all.findIndex((l) => [...l].length > longest);
  return line < 0 ? undefined : { many: false, line: line + 1 };
}
