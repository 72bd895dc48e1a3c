// A conversation's live side: its log and outbox as the protocol keeps them, followed for as long as it is on the screen.

import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { ConversationLog } from "../../shared/log.ts";
import type { OutboxEntry } from "../../shared/outbox.ts";
import type { Member, Message } from "../../shared/packets.ts";
import type { UUID } from "../../shared/uuid.ts";
import { useLive, type Live } from "../live/live.ts";

export interface Room {
  messages: readonly Message[];
  outbox: readonly OutboxEntry[];
  members: readonly Member[];
  /** Who writes, and what a visitor has written so far. */
  typists: ReadonlyMap<UUID, string>;
  /** The end of the chain; 0 before the newest page is here. */
  last: number;
  hasOlder: boolean;
  joined: boolean;
  /** The code with which the server refused it; 0 if it did not. */
  refused: number;
}

const none: Room = { messages: [], outbox: [], members: [], typists: new Map(), last: 0, hasOlder: false, joined: false, refused: 0 };

/** Follows a conversation. answered is when the API last told of it, 0 if it does not: what the connection refused is asked for again then. */
export function useRoom(conv: UUID, answered: number): Room {
  const live = useLive();
  const store = useMemo(() => new RoomStore(live, conv), [live, conv]);
  useEffect(() => {
    live.client.open(conv);
    return () => live.client.leave(conv);
  }, [live, conv]);
  useEffect(() => {
    if (answered === 0 || (live.client.log(conv)?.refused ?? 0) === 0) return;
    live.client.leave(conv);
    live.client.open(conv);
  }, [live, conv, answered]);
  return useSyncExternalStore(store.subscribe, store.read);
}

/** What useSyncExternalStore wants: the same object while nothing changed. */
class RoomStore {
  private kept: Room = none;
  private stale = true;

  constructor(private readonly live: Live, private readonly conv: UUID) {}

  readonly subscribe = (changed: () => void): (() => void) => {
    const heard = (conv: string) => {
      if (conv !== this.conv) return;
      this.stale = true;
      changed();
    };
    const ends = [this.live.on("change", heard), this.live.on("refused", heard), this.live.on("state", () => heard(this.conv))];
    this.stale = true;
    return () => {
      for (const end of ends) end();
    };
  };

  readonly read = (): Room => {
    if (this.stale) this.kept = this.now();
    this.stale = false;
    return this.kept;
  };

  private now(): Room {
    const { client } = this.live;
    const log: ConversationLog | undefined = client.log(this.conv);
    if (log === undefined) return none;
    return {
      messages: log.messages, outbox: client.outbox.of(this.conv), members: [...log.members.values()], typists: client.typistsOf(this.conv),
      last: log.last, hasOlder: log.hasOlder, joined: log.joined, refused: log.refused,
    };
  }
}
