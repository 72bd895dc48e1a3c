// Outbox: own messages from the moment they are written until a DURABLE covers them. It lives in web storage, one key per
// message, so that a reload loses nothing and tabs share it without overwriting each other. It never talks to a server.

import type { Body, Kind, Visibility } from "./packets.ts";
import { uuidv7, type UUID } from "./uuid.ts";

/** waiting: not acknowledged yet; accepted: acknowledged, not yet DURABLE; failed: refused for good. */
export type OutboxState = "waiting" | "accepted" | "failed";

export interface OutboxEntry {
  readonly cmid: UUID;
  /** The conversation it goes to; a 409 may move it. */
  readonly conv: UUID;
  readonly kind: Kind;
  readonly visibility: Visibility;
  readonly body: Body;
  /** When it was written, ms since the epoch by this machine's clock. */
  readonly time: number;
  /** The page load that wrote it. */
  readonly device: UUID;
  readonly state: OutboxState;
  /** It may have reached the server before: the next SEND is a retry. */
  readonly tried: boolean;
  /** Its place in the conversation once accepted, else 0. */
  readonly seq: number;
  /** Why it failed: an ERROR code and its text for people. */
  readonly code: number;
  readonly reason: string;
}

/** The part of Web Storage that an Outbox uses. */
export interface EntryStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export class Outbox {
  private readonly prefix: string;
  private readonly storage: EntryStorage | null;
  private readonly now: () => number;
  /** By cmid. What storage refuses to keep is at least kept for this page's life. */
  private readonly entries = new Map<UUID, OutboxEntry>();
  /** The cmids of entries that storage refused. */
  private readonly unstored = new Set<UUID>();

  /** scope names whose messages these are: site key and visitor, or agent. storage null: memory only. */
  constructor(scope: string, storage: EntryStorage | null, now: () => number = Date.now) {
    this.prefix = `uniqchat:out:${scope}:`;
    this.storage = storage;
    this.now = now;
    this.reload();
  }

  /** Everything, oldest first: cmids are time-ordered. */
  all(): OutboxEntry[] {
    return [...this.entries.values()].sort((a, b) => (a.cmid < b.cmid ? -1 : 1));
  }

  /** What belongs to one conversation, oldest first. */
  of(conv: UUID): OutboxEntry[] {
    return this.all().filter((e) => e.conv === conv);
  }

  get(cmid: UUID): OutboxEntry | undefined {
    return this.entries.get(cmid);
  }

  add(conv: UUID, kind: Kind, visibility: Visibility, body: Body, device: UUID): OutboxEntry {
    const time = this.now();
    const entry: OutboxEntry = {
      cmid: uuidv7(time), conv, kind, visibility, body, time, device,
      state: "waiting", tried: false, seq: 0, code: 0, reason: "",
    };
    this.put(entry);
    return entry;
  }

  /** Takes over an entry of another outbox as it is. */
  take(entry: OutboxEntry): void {
    this.put(entry);
  }

  /** Changes an entry that is still there. */
  update(cmid: UUID, change: Partial<Omit<OutboxEntry, "cmid">>): OutboxEntry | undefined {
    const old = this.entries.get(cmid);
    if (old === undefined) return undefined;
    const entry = { ...old, ...change };
    this.put(entry);
    return entry;
  }

  remove(cmid: UUID): void {
    this.entries.delete(cmid);
    try {
      this.storage?.removeItem(this.prefix + cmid);
    } catch {
      // Storage that can't be written was not holding it either.
    }
  }

  /** Lets a failed message wait again, at its place. */
  retry(cmid: UUID, device: UUID): void {
    const e = this.entries.get(cmid);
    if (e?.state !== "failed") return;
    if (e.code === 409) { // its cmid stands for another message: this one needs its own
      this.remove(cmid);
      this.add(e.conv, e.kind, e.visibility, e.body, device);
    } else {
      this.update(cmid, { state: "waiting", code: 0, reason: "", device });
    }
  }

  /**
   * Forgets what the database holds: entries up to seq that were acknowledged to this page load. (To another one they may
   * have been acknowledged before a fork that this one knows nothing of.) Reports whether there were any.
   */
  durable(conv: UUID, seq: number, device: UUID): boolean {
    let any = false;
    for (const e of this.of(conv)) {
      if (e.state !== "accepted" || e.seq > seq || e.device !== device) continue;
      this.remove(e.cmid);
      any = true;
    }
    return any;
  }

  /** Makes accepted entries after seq wait again: the server may have lost them, or may never have said DURABLE. */
  unaccept(conv: UUID, after = 0): void {
    for (const e of this.of(conv)) {
      if (e.state === "accepted" && e.seq > after) this.update(e.cmid, { state: "waiting", tried: true, seq: 0 });
    }
  }

  /**
   * Moves a refused message, and those that were never sent, to another conversation. Whatever else was sent before stays:
   * it may have arrived, and only its own answer can tell.
   */
  move(cmid: UUID, from: UUID, to: UUID): void {
    for (const e of this.of(from)) {
      if (e.cmid === cmid || (e.state === "waiting" && !e.tried)) this.update(e.cmid, { conv: to });
    }
  }

  /** Reads storage again, because another tab wrote to it. */
  reload(): void {
    if (this.storage === null) return;
    const found = new Set<UUID>();
    try {
      for (let i = 0; i < this.storage.length; i++) {
        const key = this.storage.key(i);
        if (key === null || !key.startsWith(this.prefix)) continue;
        const entry = parseEntry(this.storage.getItem(key));
        if (entry === null) continue;
        found.add(entry.cmid);
        this.entries.set(entry.cmid, entry);
      }
    } catch {
      return;
    }
    for (const cmid of this.entries.keys()) {
      if (!found.has(cmid) && !this.unstored.has(cmid)) this.entries.delete(cmid);
    }
  }

  /** Whether a storage event's key is about this outbox (null: everything was cleared). */
  owns(key: string | null): boolean {
    return key === null || key.startsWith(this.prefix);
  }

  private put(entry: OutboxEntry): void {
    this.entries.set(entry.cmid, entry);
    if (this.storage === null) return;
    try {
      this.storage.setItem(this.prefix + entry.cmid, JSON.stringify(entry));
      this.unstored.delete(entry.cmid);
    } catch {
      this.unstored.add(entry.cmid); // full, or forbidden by the browser
    }
  }
}

function parseEntry(text: string | null): OutboxEntry | null {
  if (text === null) return null;
  try {
    const e = JSON.parse(text) as OutboxEntry;
    const whole = typeof e.cmid === "string" && typeof e.conv === "string" && typeof e.body === "object";
    return whole && e.body !== null ? e : null;
  } catch {
    return null;
  }
}
