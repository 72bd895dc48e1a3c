// Until when a conversation is put aside: the times that are offered.

export interface Choice { name: "hour" | "later" | "tomorrow" | "monday"; at: Date }

/** In an hour, in three, tomorrow at nine, next Monday at nine: those that differ. */
export function snoozes(now: Date): Choice[] {
  const soon = (hours: number) => new Date(now.getTime() + hours * 3_600_000);
  const nine = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 9);
  const toMonday = ((8 - now.getDay()) % 7) || 7;
  const out: Choice[] = [{ name: "hour", at: soon(1) }, { name: "later", at: soon(3) }, { name: "tomorrow", at: nine(1) }];
  if (toMonday > 1) out.push({ name: "monday", at: nine(toMonday) });
  return out;
}
