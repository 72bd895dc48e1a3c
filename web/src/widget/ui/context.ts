// What every part of the chat's screen has at hand.

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
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
