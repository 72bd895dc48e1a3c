// Typists: who is writing right now, and the throttle for saying so oneself.

import { Alarm, type Clock } from "./clock.ts";
import { cleanText, type Typing, type TypingState } from "./packets.ts";
import type { UUID } from "./uuid.ts";

/** TYPING may be lost, its stop too: somebody who was not heard of for this long has stopped. */
const forgetAfter = 8_000;

/** Typists remembers who is writing in which conversation. */
export class Typists {
  private readonly clock: Clock;
  private readonly changed: (conv: UUID) => void;
  private readonly convs = new Map<UUID, Map<UUID, { preview: string; expiry: Alarm }>>();

  constructor(clock: Clock, changed: (conv: UUID) => void) {
    this.clock = clock;
    this.changed = changed;
  }

  of(conv: UUID): ReadonlyMap<UUID, string> {
    return new Map([...(this.convs.get(conv) ?? [])].map(([user, t]) => [user, t.preview]));
  }

  heard(p: Typing): void {
    if (p.state === "stop") {
      this.wrote(p.conv, p.user);
      return;
    }
    let users = this.convs.get(p.conv);
    if (users === undefined) this.convs.set(p.conv, (users = new Map()));
    const expiry = users.get(p.user)?.expiry ?? new Alarm(this.clock);
    expiry.set(forgetAfter, () => this.wrote(p.conv, p.user));
    users.set(p.user, { preview: p.preview, expiry });
    this.changed(p.conv);
  }

  /** Somebody stopped, or sent what he was writing. */
  wrote(conv: UUID, user: UUID): void {
    const users = this.convs.get(conv);
    const typist = users?.get(user);
    if (users === undefined || typist === undefined) return;
    typist.expiry.clear();
    users.delete(user);
    if (users.size === 0) this.convs.delete(conv);
    this.changed(conv);
  }

  clear(): void {
    for (const [conv, users] of [...this.convs]) for (const user of [...users.keys()]) this.wrote(conv, user);
  }
}

const everyMs = 1_000;
const idleAfter = 5_000;
const maxPreview = 500;

/** TypingReporter says what is being written, about once a second, and stop when it is sent, erased or left alone. */
export class TypingReporter {
  private readonly clock: Clock;
  private readonly report: (state: TypingState, preview: string) => void;
  private readonly next: Alarm;
  private readonly idle: Alarm;
  private text = "";
  private said = "";
  private saidAt = -Infinity;

  constructor(clock: Clock, report: (state: TypingState, preview: string) => void) {
    this.clock = clock;
    this.report = report;
    this.next = new Alarm(clock);
    this.idle = new Alarm(clock);
  }

  /** The text in the box changed. */
  input(text: string): void {
    this.text = cleanText(text).trim().slice(0, maxPreview);
    if (this.text === "") {
      this.stop();
      return;
    }
    this.idle.set(idleAfter, () => this.stop());
    if (!this.next.pending) this.next.set(this.saidAt + everyMs - this.clock.now(), () => this.say());
  }

  /** Nothing is being written any more. */
  stop(): void {
    this.next.clear();
    this.idle.clear();
    if (this.said !== "") this.report("stop", "");
    this.said = "";
  }

  private say(): void {
    this.said = this.text;
    this.saidAt = this.clock.now();
    this.report("typing", cleanText(this.text));
  }
}
