// What every part of the chat's screen has at hand.

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { format } from "../../shared/i18n/index.ts";
import type { CredentialsError } from "../../shared/link.ts";
import { closeTooMany } from "../../shared/names.ts";
import type { Problem } from "../api.ts";
import type { Links } from "../links.ts";
import type { Room } from "../room.ts";
import type { Texts } from "../texts.ts";
import type { Parts } from "./parts.ts";
import type { Uploads } from "../uploads.ts";

export interface Desk {
  room: Room;
  parts: Parts;
  links: Links;
  uploads: Uploads;
  t: Texts;
  locale: string;
}

export const DeskContext = createContext<Desk>(null as unknown as Desk);
export const useDesk = () => useContext(DeskContext);

export interface Attempt {
  /** Why it did not work, in words; "" if nothing is wrong. */
  bad: string;
  /** How that is told: a number that counts down is not read out each second. */
  role: "alert" | "timer";
  /** It is being tried, or the server asks for patience. */
  busy: boolean;
  attempt(f: () => Promise<unknown>): Promise<void>;
  dismiss(): void;
}

/** What the server may refuse: tries it, and says why it was refused, or for how long it can't be tried again. */
export function useAttempt(t: Texts = useDesk().t): Attempt {
  const [said, say] = useState<{ text?: string; until?: number; busy?: boolean }>({});
  const left = useCountdown(said.until ?? 0);
  return {
    bad: said.until ? (left > 0 ? `${t.slow} ${format(t.slowFor, { seconds: left })}` : "") : said.text === undefined ? "" : t.problem + (said.text || t.noServer),
    role: said.until ? "timer" : "alert",
    busy: said.busy === true || left > 0,
    attempt: async (f) => {
      say({ busy: true });
      try {
        await f();
        say({});
      } catch (e) {
        const { status, code, final, retryAfter, message } = e as Omit<Problem, "code"> & CredentialsError;
        say(status === 429 || code === closeTooMany ? { until: Date.now() + (retryAfter || 1000) } : { text: status || final ? message : "" }); // what the network says is for nobody
      }
    },
    dismiss: () => say({}),
  };
}

/** Seconds until a time, counted down while it is in the future; 0 afterwards. */
export function useCountdown(until: number): number {
  const [, tick] = useState(0);
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  useEffect(() => {
    if (left === 0) return undefined;
    const id = setTimeout(() => tick((n) => n + 1), (until - Date.now()) % 1000 || 1000);
    return () => clearTimeout(id);
  });
  return left;
}
