// Room: what one tab knows of the visitor's conversation, and everything that the visitor can do in it. Whether this tab has
// the connection or follows another one makes no difference to whoever uses it.

import { localStore } from "../shared/browser.ts";
import { realClock } from "../shared/clock.ts";
import { DatabaseEntries, openDatabase } from "../shared/entries.ts";
import { Outbox, type OutboxEntry } from "../shared/outbox.ts";
import { cleanText, type Body, type Kind, type Message, type TypingState } from "../shared/packets.ts";
import { TypingReporter } from "../shared/typists.ts";
import { uuidv4, uuidv7, type UUID } from "../shared/uuid.ts";
import { Api } from "./api.ts";
import { Line, nothing, passing, type Shared } from "./line.ts";
import type { Session } from "./session.ts";
import { Tabs } from "./tabs.ts";
import type { Tracker } from "./track.ts";

/** What tabs tell each other. */
type Told =
  | { say: "hello" } // a tab that wants to know everything
  | { say: "state"; part: Partial<Shared> }
  | { say: "arrived"; message: Message }
  | { say: "nudge"; fresh: UUID } | { say: "older" } | { say: "again" }
  | { say: "retry" | "discard"; cmid: UUID }
  | { say: "read"; seq: number }
  | { say: "typing"; state: TypingState; preview: string }
  | { say: "track"; name: string; data: Body };

export interface RoomHandlers {
  changed(): void;
  /** Somebody wrote to the visitor, live. own: this tab has the connection, so that only one of them makes a noise. */
  arrived(message: Message, own: boolean): void;
}

export class Room {
  state: Shared = nothing;
  readonly api: Api;
  private readonly device = uuidv4();
  private readonly tabs: Tabs<Told>;
  private readonly typist: TypingReporter;
  private entries: DatabaseEntries | null = null;
  private line: Line | null = null;
  private ready: Promise<DatabaseEntries> | null = null;
  /** Written here and not yet seen in what the leader says. */
  private mine: readonly OutboxEntry[] = [];

  constructor(readonly session: Session, base: string, private readonly tracker: Tracker, private readonly on: RoomHandlers) {
    this.api = new Api(base, session);
    this.tabs = new Tabs(`uniqchat:${session.siteKey}`, (m) => this.heard(m));
    tracker.send = (name, data) => this.line?.track(name, data) ?? (this.follower && this.passed({ say: "track", name, data }));
    this.typist = new TypingReporter(realClock, (state, preview) => this.do({ say: "typing", state, preview }));
    addEventListener("pagehide", () => this.rest());
    addEventListener("pageshow", (e) => { if (e.persisted && this.entries !== null) this.join(); });
  }

  /** The page is left, maybe to be come back to: what it has of the connection goes to another tab. */
  private rest(): void {
    const line = this.line;
    this.line = null;
    this.tabs.leave();
    line?.stop();
  }

  private join(): void {
    this.tabs.queue(() => this.lead());
    if (!this.tabs.leading) this.tabs.tell({ say: "hello" });
  }

  /** Connects, or finds the tab that is connected. After a reset no tab is, until somebody wants to talk. */
  async start(): Promise<DatabaseEntries> {
    this.ready ??= (async () => {
      this.entries = await DatabaseEntries.open(await openDatabase(`uniqchat:${this.session.siteKey}`), localStore);
      this.join();
      return this.entries;
    })();
    const entries = await this.ready;
    if (this.state.link.name === "idle") this.again();
    return entries;
  }

  /** Own messages that are not in the conversation yet, those of this very moment among them. */
  get outbox(): readonly OutboxEntry[] {
    return [...this.state.outbox, ...this.mine];
  }

  get unread(): number {
    const { messages, read } = this.state;
    return messages.filter((m) => m.seq > read && m.role !== "visitor" && m.kind !== "system").length;
  }

  async send(kind: Kind, body: Body): Promise<void> {
    this.typist.stop();
    const entries = await this.start();
    let fresh = "";
    if (this.session.conv === "") this.session.conv = fresh = uuidv7();
    const entry = new Outbox(this.session.scope, entries).add(this.session.conv, kind, "public", body, this.device);
    this.mine = [...this.mine, entry];
    this.on.changed();
    this.do({ say: "nudge", fresh });
  }

  sendText(text: string, more: Body = {}): void {
    const clean = cleanText(text).trim();
    if (clean !== "") void this.send("text", { text: clean, ...more });
  }

  /** The server has made a conversation for what the visitor left. */
  async left(conv: UUID): Promise<void> {
    await this.start();
    this.session.conv = conv;
    this.do({ say: "nudge", fresh: "" });
  }

  written(text: string): void {
    this.typist.input(text);
  }

  older(): void {
    this.do({ say: "older" });
  }

  /** Connects again after the server ended the connection. */
  again(): void {
    this.do({ say: "again" });
  }

  retry(cmid: UUID): void {
    this.do({ say: "retry", cmid });
  }

  discard(cmid: UUID): void {
    this.mine = this.mine.filter((e) => e.cmid !== cmid);
    this.do({ say: "discard", cmid });
  }

  read(seq: number): void {
    if (seq > this.state.read && this.state.visitor.id !== "") this.do({ say: "read", seq });
  }

  /** There is something new in the session, from this tab or from another. */
  noticed(): void {
    this.line?.noticed();
  }

  /** The visitor was forgotten. */
  forget(): void {
    this.typist.stop();
    this.line?.stop();
    this.mine = [];
    this.state = nothing;
    this.on.changed();
  }

  private get follower(): boolean {
    return !this.tabs.leading && this.ready !== null && this.state.link.name === "online";
  }

  private passed(message: Told): boolean {
    this.tabs.tell(message);
    return true;
  }

  private lead(): void {
    const publish = (part: Partial<Shared>) => {
      if (this.line !== line) return;
      this.take(part);
      if (this.tabs.alone) this.tabs.tell({ say: "state", part });
    };
    const line: Line = new Line({
      session: this.session, entries: this.entries!, device: this.device, alone: this.tabs.alone, publish,
      arrived: (message) => {
        this.on.arrived(message, true);
        if (this.tabs.alone) this.tabs.tell({ say: "arrived", message });
      },
      up: () => this.tracker.flush(),
    });
    this.line = line;
    publish({ ...passing, link: { ...nothing.link, name: "connecting" } });
    void this.entries!.refresh().then(() => { if (this.line === line) line.start(); });
  }

  /** Does something with the connection, here or in the tab that has it. */
  private do(message: Told): void {
    if (this.line !== null) this.serve(message);
    if (this.line === null || (message.say === "nudge" && !this.tabs.alone)) this.tabs.tell(message);
  }

  private heard(message: Told): void {
    if (message.say === "state") {
      if (!this.tabs.leading) this.take(message.part);
    } else if (message.say === "arrived") {
      if (!this.tabs.leading) this.on.arrived(message.message, false);
    } else if (this.line !== null && message.say === "nudge") {
      void this.entries!.refresh().then(() => this.serve(message)); // it was another tab that wrote
    } else if (this.line !== null && this.tabs.alone) {
      this.serve(message);
    }
  }

  private serve(m: Told): void {
    const line = this.line!;
    switch (m.say) {
      case "hello": this.tabs.tell({ say: "state", part: line.snapshot }); break;
      case "nudge": line.nudge(m.fresh); break;
      case "older": line.older(); break;
      case "again": line.start(); break;
      case "retry": line.retry(m.cmid); break;
      case "discard": line.discard(m.cmid); break;
      case "read": line.read(m.seq); break;
      case "typing": line.typing(m.state, m.preview); break;
      case "track": line.track(m.name, m.data); break;
    }
  }

  private take(part: Partial<Shared>): void {
    this.state = { ...this.state, ...part };
    if (this.mine.length > 0) {
      const known = new Set([...this.state.outbox.map((e) => e.cmid), ...this.state.messages.map((m) => m.cmid)]);
      this.mine = this.mine.filter((e) => !known.has(e.cmid));
    }
    if (part.link?.name === "online" && this.follower) this.tracker.flush();
    this.on.changed();
  }
}
