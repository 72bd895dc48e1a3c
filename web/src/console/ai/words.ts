// What the AI's words and numbers mean to people.

import type { AIAnswer } from "../api/schema.ts";
import { locale, type Texts } from "../i18n/index.ts";

const has = (o: object, k: string) => Object.hasOwn(o, k);

/** Why something was done: the server's word, or what it means. */
export function reasonWords(reason: string, t: Texts): string {
  return has(t.ai.reasons, reason) ? t.ai.reasons[reason as keyof Texts["ai"]["reasons"]] : reason;
}

export function outcomeWords(outcome: string, t: Texts): string {
  return has(t.ai.traces.outcomes, outcome) ? t.ai.traces.outcomes[outcome as AIAnswer["step"]] : outcome;
}

export function engineName(engine: string | null | undefined, t: Texts): string {
  return engine === "local" ? t.ai.local : (engine ?? "");
}

export function percent(n: number): string {
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(Math.max(0, Math.min(1, n)));
}

export function amount(n: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: n !== 0 && Math.abs(n) < 1 ? 4 : 2 }).format(n);
}

/** A short time: 40 ms, 1.2 s. */
export function brief(ms: number): string {
  const f = (n: number, unit: "millisecond" | "second") => new Intl.NumberFormat(locale(), { style: "unit", unit, maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
  return ms < 1000 ? f(Math.round(ms * 10) / 10, "millisecond") : f(ms / 1000, "second");
}
