// How urgent a conversation is: the levels that people choose from, of the numbers that the server keeps.

export const priorities = { urgent: 100, high: 50, normal: 0, low: -50 } as const;
export type Level = keyof typeof priorities;
export const levels = Object.keys(priorities) as readonly Level[];

/** The highest level that a number reaches. */
export function levelOf(priority: number): Level {
  return levels.find((l) => priority >= priorities[l]) ?? "low";
}
