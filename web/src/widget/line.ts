// Line: the connection that the browser's tabs share, in the tab that leads. It keeps what is known of the visitor's
// conversation up to date and publishes it, piece by piece, to every tab. It draws nothing.

import { watchBrowser } from "../shared/browser.ts";
import { ProtocolClient } from "../shared/client.ts";
import type { DatabaseEntries } from "../shared/entries.ts";
import { backoff, isCredentialsError, type LinkState } from "../shared/link.ts";
import { Outbox, type OutboxEntry } from "../shared/outbox.ts";
import type { Body, Member, Message, TypingState } from "../shared/packets.ts";
import type { UUID } from "../shared/uuid.ts";
import { adopt, box } from "./boxes.ts";
import type { Session, Visitor } from "./session.ts";
import { Streams } from "./streams.ts";

/** The place in the queue, and how long the server thinks it takes; null if it does not know. */
export interface Queue { place: number; seconds: number | null }

/** What every tab knows. Pieces are replaced, never edited, so that identity tells whether one changed. */
export interface Shared {
  link: LinkState; visitor: Visitor; conv: UUID; messages: readonly Message[]; last: number; hasOlder: boolean; read: number;
  members: readonly Member[]; outbox: readonly OutboxEntry[]; typing: readonly UUID[]; queue: Queue | null;
  streams: Readonly<Record<UUID, string>>; slowUntil: number;
  /** Until the conversation is known: what comes after it is news to a visitor who is here. */
  from: number;
}

export const nobody: Visitor = { id: "", name: "", email: "", verified: false };

/** What holds for the moment only, and not after a change of the tab that leads. */
export const passing = { typing: [], queue: null, streams: {}, slowUntil: 0 };

export const nothing: Shared = {
  link: { name: "idle", retryAt: 0, code: 0, reason: "" }, visitor: nobody, conv: "", messages: [], last: 0, hasOlder: false, read: 0, members: [], outbox: [],
  from: Infinity, ...passing,
};

export interface LineOptions {
  session: Session;
  entries: DatabaseEntries;
  device: UUID;
  alone: boolean;
  publish(part: Partial<Shared>): void;
  /** Connected: what was tracked may be told. */
  up(): void;
}

export class Line {
  client: ProtocolClient | null = null;
  private state: Shared = nothing;
  private dirty = false;
  private starting = false;
  private stopped = false;
  private generation = 0;
  private queue: Queue | null = null;
  private from = Infinity;
  private early: LinkState = nothing.link;
  /** Whom the connection is of, and what had been said of him when it was made. */
  private visitor = "";
  private said = "";
  private readonly streams = new Streams();

  constructor(private readonly o: LineOptions) {}

  /** Connects, if it has not begun to. */
  start(): void {
    this.stopped = false;
    if (this.client !== null) this.client.start();
    else if (!this.starting) void this.begin();
  }

  stop(): void {
    this.stopped = true;
    this.generation++;
    this.client?.stop();
    this.client = null;
    this.starting = false;
    this.queue = null;
    this.streams.forget();
    this.changed();
  }

  /** The session may be another visitor's now; and what is said of the visitor, the connection tells with a new token. */
  noticed(): void {
    const { client } = this;
    const { session } = this.o;
    if (client === null) return;
    if (session.visitor.id !== this.visitor) this.restart();
    else if (session.said !== this.said) {
      client.stop();
      client.start();
    }
  }

  /** Some tab put something into the outbox. fresh: a conversation that has just got its id. */
  nudge(fresh: UUID): void {
    if (this.stopped && box(this.o.session, this.o.entries).all().length === 0) return; // a reset has taken it away meanwhile
    this.start();
    const { client } = this;
    if (client === null) {
      this.changed();
      return;
    }
    adopt(this.o.session, this.o.entries);
    const conv = this.o.session.conv;
    if (conv !== this.state.conv || client.log(conv) === undefined) this.follow(conv, fresh === conv);
    client.outboxChanged();
  }

  older(): void {
    this.client?.loadOlder(this.state.conv);
  }

  read(seq: number): void {
    if (this.state.conv !== "") this.client?.read(this.state.conv, seq);
    this.changed();
  }

  typing(state: TypingState, preview: string): void {
    if (this.state.conv !== "") this.client?.typing(this.state.conv, state, preview);
  }

  track(name: string, data: Body): boolean {
    return this.client?.tell({ type: "track", name, data }) ?? false;
  }

  hurry(): void {
    this.client?.hurry();
  }

  private get outbox(): Outbox {
    return this.client?.outbox ?? new Outbox(this.o.session.scope, this.o.entries);
  }

  /** The first time there must be a session first, which names the visitor whose outbox it is. */
  private async begin(): Promise<void> {
    this.starting = true;
    const generation = ++this.generation;
    for (let attempt = 0; this.o.session.visitor.id === ""; attempt++) {
      this.say({ ...nothing.link, name: "connecting" });
      try {
        await this.o.session.credentials(false);
      } catch (e) {
        if (generation !== this.generation) return;
        const reason = e instanceof Error ? e.message : String(e);
        const wait = Math.max(1000, backoff(attempt + 1, Math.random()), isCredentialsError(e) ? e.retryAfter : 0);
        if (isCredentialsError(e) && e.final) {
          this.starting = false;
          this.say({ ...nothing.link, name: "ended", reason });
          return;
        }
        this.say({ ...nothing.link, name: "waiting", reason, code: isCredentialsError(e) ? e.code : 0, retryAt: Date.now() + wait });
        await new Promise((done) => setTimeout(done, wait));
      }
      if (generation !== this.generation) return;
    }
    this.starting = false;
    this.connect();
  }

  private connect(): void {
    const { session, entries } = this.o;
    this.visitor = session.visitor.id;
    adopt(session, entries);
    const client = new ProtocolClient({
      credentials: (renew) => {
        this.said = session.said;
        return session.credentials(renew);
      },
      outbox: box(session, entries), device: this.o.device, alone: this.o.alone, page: location.href.slice(0, 2000), locale: session.tag,
      handlers: {
        onState: () => this.changed(),
        onReady: (a) => {
          if (a.conv !== "") this.follow(a.conv, false);
          this.o.up();
        },
        onChange: () => this.changed(),
        onMessage: (m) => this.message(m),
        onMoved: (_, to) => this.follow(to, false),
        onRefused: (conv) => {
          client.forget(conv);
          if (conv === session.conv) this.follow("", false);
        },
        onEvent: (e) => this.event(e.name, e.conv, e.data),
        onStream: (p) => { if (this.streams.heard(p)) this.changed(); },
      },
    });
    this.client = client;
    watchBrowser(client);
    if (session.conv === "" && client.outbox.all()[0] !== undefined) session.conv = client.outbox.all()[0]!.conv;
    this.follow(session.conv, false);
    client.start();
  }

  /** The server knows this browser as another visitor now. */
  private restart(): void {
    const old = `visitor:${this.visitor}`;
    this.stop();
    adopt(this.o.session, this.o.entries, old);
    this.start();
  }

  private follow(conv: UUID, fresh: boolean, from = fresh ? 0 : Infinity): void {
    const client = this.client;
    if (client === null) return;
    if (this.state.conv !== conv && this.state.conv !== "") client.leave(this.state.conv);
    this.o.session.conv = conv;
    if (conv !== "") client.open(conv, fresh);
    this.queue = null;
    this.from = from;
    this.changed();
  }

  private message(m: Message): void {
    if (m.conv !== this.o.session.conv) this.follow(m.conv, false, m.seq - 1);
    if (m.kind === "system" && m.body["event"] !== "conversation.created") this.queue = null; // it is told anew if it still waits
    this.streams.wrote(m.mid);
    if (m.kind === "system" || m.role !== "visitor") this.streams.forget(m.conv); // somebody else has the word
  }

  private event(name: string, conv: UUID, data: Body): void {
    if (name !== "queue.position" || (conv !== "" && conv !== this.o.session.conv)) return;
    const place = Number(data["place"]) || 0;
    this.queue = place > 0 ? { place, seconds: (data["eta_seconds"] as number) ?? null } : null;
    this.changed();
  }

  private say(link: LinkState): void {
    this.early = link;
    this.changed();
  }

  /** Publishes what changed, once for everything that happens at a time. */
  private changed(): void {
    if (this.dirty) return;
    this.dirty = true;
    queueMicrotask(() => {
      this.dirty = false;
      this.publish();
    });
  }

  private publish(): void {
    const next = this.stopped && this.client === null ? nothing : this.look();
    const part: Partial<Shared> = {};
    let any = false;
    for (const key of Object.keys(next) as (keyof Shared)[]) {
      if (same(this.state[key], next[key])) continue;
      (part as Record<string, unknown>)[key] = next[key];
      any = true;
    }
    if (!any) return;
    this.state = { ...this.state, ...part };
    this.o.publish(part);
  }

  private look(): Shared {
    const client = this.client;
    const { session } = this.o;
    const conv = session.conv;
    const log = client?.log(conv);
    const outbox = conv === "" ? [] : this.outbox.of(conv);
    const until = client?.slowUntil ?? 0;
    return {
      link: client?.state ?? this.early, visitor: session.visitor.id === "" ? nobody : session.visitor, conv, messages: log?.messages ?? [], last: log?.last ?? 0, from: log?.last ? Infinity : this.from,
      hasOlder: log?.hasOlder ?? false, read: client?.readUpTo(conv) ?? 0, members: [...(log?.members.values() ?? [])], outbox,
      typing: [...(client?.typistsOf(conv).keys() ?? [])], queue: this.queue, streams: this.streams.of(conv), slowUntil: until > Date.now() ? until : 0,
    };
  }
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => x === b[i]);
  return typeof a === "object" && typeof b === "object" && a !== null && b !== null && !Array.isArray(a) && JSON.stringify(a) === JSON.stringify(b);
}
