// Room: what one tab knows of the visitor's conversation, and everything that the visitor can do in it. Whether this tab has
// the connection or follows another one makes no difference to whoever uses it.

import { localStore } from "../shared/browser.ts";
import { realClock } from "../shared/clock.ts";
import { DatabaseEntries, openDatabase } from "../shared/entries.ts";
import type { Outbox, OutboxEntry } from "../shared/outbox.ts";
import { cleanText, type Body, type Kind, type Message, type TypingState } from "../shared/packets.ts";
import { TypingReporter } from "../shared/typists.ts";
import { uuidv4, uuidv7, type UUID } from "../shared/uuid.ts";
import { Api } from "./api.ts";
import { box, clean, left } from "./boxes.ts";
import { Line, nothing, passing, type Shared } from "./line.ts";
import type { Session } from "./session.ts";
import { Tabs } from "./tabs.ts";
import type { Tracker } from "./track.ts";

/** What tabs tell each other. */
type Told =
  | { say: "hello" } // a tab that wants to know everything
  | { say: "state"; part: Partial<Shared> }
  | { say: "nudge"; fresh: UUID } | { say: "older" } | { say: "again" }
  | { say: "read"; seq: number }
  | { say: "typing"; state: TypingState; preview: string }
  | { say: "track"; name: string; data: Body };

export interface RoomHandlers {
  changed(): void;
  /** Somebody wrote to the visitor. loud: the newest of several, in the tab that has the connection, so that only one of them makes a noise, once. */
  arrived(message: Message, loud: boolean): void;
}

/** How long a tab that leads may be silent when it is asked something, in ms. */
const patience = 5_000;

export class Room {
  state: Shared = nothing;
  readonly api: Api;
  private readonly device = uuidv4();
  private readonly tabs: Tabs<Told>;
  private readonly typist: TypingReporter;
  private kept: DatabaseEntries | null = null;
  private line: Line | null = null;
  private ready: Promise<void> | null = null;
  /** Runs while the tab that leads has not given a sign of life. */
  private silence: ReturnType<typeof setTimeout> | undefined;
  /** How far this tab was told of a conversation: what comes after it is news. */
  private told = { conv: "", seq: 0 };
  /** The visitor was forgotten, and no tab has wanted to talk since. */
  private resting = false;
  /** Written here and not yet seen in what the leader says. */
  private mine: readonly OutboxEntry[] = [];

  constructor(readonly session: Session, base: string, private readonly tracker: Tracker, private readonly on: RoomHandlers) {
    this.api = new Api(base, session);
    this.tabs = new Tabs(`uniqchat:${session.siteKey}`, (m) => this.heard(m));
    tracker.send = (name, data) => this.line?.track(name, data) ?? (this.follower && this.passed({ say: "track", name, data }));
    this.typist = new TypingReporter(realClock, (state, preview) => this.do({ say: "typing", state, preview }));
    addEventListener("pagehide", () => this.rest());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.ready !== null && this.line === null) this.ask({ say: "hello" });
    });
    addEventListener("pageshow", (e) => { if (e.persisted && this.ready !== null) this.join(); });
    void this.clean();
  }

  private get entries(): DatabaseEntries {
    if (this.kept === null) {
      this.kept = new DatabaseEntries(openDatabase(`uniqchat:${this.session.siteKey}`), localStore);
      this.kept.late = () => {
        clean(this.session, this.entries, true);
        if (this.state.link.name !== "idle") this.line?.nudge("");
      };
    }
    return this.kept;
  }

  /** Removes what visitors wrote who were forgotten. */
  private async clean(): Promise<void> {
    if (!left(this.session)) return;
    clean(this.session, this.entries, false);
    clean(this.session, this.entries, await this.entries.refresh());
  }

  /** The page is left, maybe to be come back to, or another tab has taken over: what it has of the connection goes to that. */
  private rest(): void {
    const line = this.line;
    this.line = null;
    this.heardOf();
    this.tabs.leave();
    line?.stop();
  }

  private join(steal = false): void {
    this.tabs.queue(() => this.lead(), () => {
      this.rest();
      this.join();
    }, steal);
    if (!this.tabs.leading) this.ask({ say: "hello" });
  }

  /** Tells the tab that leads, and leads instead of it if it does not answer: it may be frozen, or stuck. */
  private ask(message: Told): void {
    this.tabs.tell(message);
    if (this.tabs.alone) this.silence ??= setTimeout(() => {
      this.heardOf();
      this.join(true);
    }, patience);
  }

  private heardOf(): void {
    clearTimeout(this.silence);
    this.silence = undefined;
  }

  /** Connects, or finds the tab that is connected. After a reset no tab is, until somebody wants to talk. */
  async start(): Promise<void> {
    this.resting = false;
    await (this.ready ??= this.entries.refresh().then(() => this.join()));
    if (this.state.link.name === "idle") this.again();
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
    let fresh = "";
    if (this.session.conv === "") this.session.conv = fresh = uuidv7();
    this.mine = [...this.mine, box(this.session, this.entries).add(this.session.conv, kind, "public", body, this.device)];
    this.on.changed();
    await this.start();
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

  /** Here and not in the tab that leads: one that was frozen must not do it again, later. */
  async retry(cmid: UUID): Promise<void> {
    await this.change((own) => own.retry(cmid, this.device));
  }

  async discard(cmid: UUID): Promise<void> {
    this.mine = this.mine.filter((e) => e.cmid !== cmid);
    await this.change((own) => {
      own.remove(cmid);
      this.line?.client?.discard(cmid); // where the browser keeps nothing only the connection has it
    });
  }

  private async change(f: (own: Outbox) => void): Promise<void> {
    await this.entries.refresh();
    f(box(this.session, this.entries));
    if (this.state.link.name !== "ended") this.do({ say: "nudge", fresh: "" });
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
    this.resting = true;
    this.line?.stop();
    this.mine = [];
    this.state = nothing;
    void this.clean();
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
      session: this.session, entries: this.entries, device: this.device, alone: this.tabs.alone, publish,
      up: () => this.tracker.flush(),
    });
    this.line = line;
    if (this.resting) {
      line.stop();
      return;
    }
    publish({ ...passing, link: { ...nothing.link, name: "connecting" } });
    void this.entries.refresh().then(() => { if (this.line === line) line.start(); });
  }

  /** Does something with the connection, here or in the tab that has it. */
  private do(message: Told): void {
    if (this.line !== null) this.serve(message);
    if (this.line === null || (message.say === "nudge" && !this.tabs.alone)) this.ask(message);
  }

  private heard(message: Told): void {
    const { line } = this;
    if (message.say === "state") {
      if (!this.tabs.leading && Object.keys(message.part).length > 0) this.take(message.part);
      if (this.mine.length === 0) this.heardOf(); // an older answer says nothing of who was given something since
    } else if (line !== null && (this.tabs.alone || message.say === "nudge")) {
      if (this.tabs.alone) this.tabs.tell({ say: "state", part: {} }); // a sign of life
      if (message.say !== "nudge") this.serve(message);
      else void this.entries.refresh().then(() => { if (this.line === line) this.serve(message); }); // it was another tab that wrote
    }
  }

  private serve(m: Told): void {
    const line = this.line!;
    switch (m.say) {
      case "hello": this.tabs.tell({ say: "state", part: this.state }); break; // not what the line has: a new one has nothing yet
      case "nudge": line.nudge(m.fresh); break;
      case "older": line.older(); break;
      case "again": line.start(); break;
      case "read": line.read(m.seq); break;
      case "typing": line.typing(m.state, m.preview); break;
      case "track": line.track(m.name, m.data); break;
    }
  }

  private take(part: Partial<Shared>): void {
    this.state = { ...this.state, ...part };
    if (part.link) this.resting = part.link.name === "idle";
    if (this.mine.length > 0) {
      const known = new Set([...this.state.outbox.map((e) => e.cmid), ...this.state.messages.map((m) => m.cmid)]);
      this.mine = this.mine.filter((e) => !known.has(e.cmid));
    }
    const { conv, from, last, messages } = this.state;
    if (conv !== this.told.conv) this.told = { conv, seq: from };
    if (last > 0) {
      const news = messages.filter((m) => m.seq > this.told.seq && m.role !== "visitor" && m.kind !== "system");
      this.told.seq = last;
      for (const m of news) this.on.arrived(m, this.line !== null && m === news.at(-1));
    }
    if (part.link?.name === "online" && this.follower) this.tracker.flush();
    this.on.changed();
  }
}
