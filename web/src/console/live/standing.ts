// Standing: how an agent stands, by their own word. It is kept over reloads, and every tab and device of the agent shows the same:
// the one that is changed tells the server, the others only take it over. So none of them says again what another has changed.

import { load, localStore, save } from "../../shared/browser.ts";
import type { Availability, EventPacket } from "../../shared/packets.ts";

const states: readonly Availability[] = ["online", "busy", "away", "offline"];
const known = (x: unknown) => states.find((s) => s === x);

/**
 * Until a new connection has been up for so long, "offline" from the server may only mean that it has not yet heard how the agent
 * stands: it knows nothing any more after a restart.
 */
export const settles = 10_000;

export class Standing {
  private state: Availability;
  private up = 0;
  private readonly key: string;

  /** send tells the server, changed the screen. */
  constructor(private readonly agent: string, private readonly send: (s: Availability) => void, private readonly changed: (s: Availability) => void) {
    this.key = `uniqchat:console:status:${agent}`;
    this.state = known(load(this.key)) ?? "online";
  }

  get now(): Availability {
    return this.state;
  }

  /** The agent says it here. */
  say(s: Availability): void {
    this.send(s);
    save(this.key, s);
    this.take(s);
  }

  /** A new connection is up: the server may not know. */
  connected(): void {
    this.up = Date.now();
    this.take(known(load(this.key)) ?? this.state); // a tab that slept was not told
    this.send(this.state);
  }

  /** Takes in an agent.status EVENT: the agent's own one tells what was said on another device. */
  heard(e: Pick<EventPacket, "data">): void {
    const s = known(e.data["state"]);
    if (e.data["agent_id"] !== this.agent || s === undefined || (s === "offline" && Date.now() - this.up < settles)) return;
    save(this.key, s);
    this.take(s);
  }

  /** Takes over what other tabs say until the result is called. */
  follow(): () => void {
    const wrote = (e: StorageEvent) => {
      if (e.storageArea === localStore && e.key === this.key) this.take(known(load(this.key)) ?? this.state);
    };
    window.addEventListener("storage", wrote);
    return () => window.removeEventListener("storage", wrote);
  }

  private take(s: Availability): void {
    if (s === this.state) return;
    this.state = s;
    this.changed(s);
  }
}
