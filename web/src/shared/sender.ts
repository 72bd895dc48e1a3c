// Sender: brings the outbox to the server, one message at a time in each conversation, so that a person's messages keep their
// order whatever happens to one of them (protocol rules 2, 3, 4 and 9).

import { Alarm, type Clock } from "./clock.ts";
import type { Outbox, OutboxEntry } from "./outbox.ts";
import type { ClientPacket, ErrorPacket } from "./packets.ts";
import type { UUID } from "./uuid.ts";

export interface SenderOptions {
  clock: Clock;
  outbox: Outbox;
  device: UUID;
  /** This is the browser's only connection: what other page loads wrote is left to it, at once. */
  alone?: boolean;
  send(packet: ClientPacket): boolean;
  nextRid(): number;
  changed(conv: UUID): void;
  moved(from: UUID, to: UUID): void;
}

/** No answer for this long: the outcome is unknown, so the same message is sent again. */
const answerTimeout = 10_000;
/** Another page load's message is left to it for this long; if it still waits then, its tab is probably gone. */
const foreignAfter = 10_000;
/** And one that was acknowledged to a page load that is gone was never called DURABLE here: after this long it is asked for. */
const orphanAfter = 30_000;
const retryMin = 500;
const retryMax = 30_000;
const maxInternalErrors = 3;

interface Flight { entry: OutboxEntry; timeout: Alarm }

export class Sender {
  private readonly o: SenderOptions;
  private readonly flights = new Map<number, Flight>();
  /** When a message may be tried again, and how often it was refused so far. */
  private readonly pauses = new Map<UUID, { until: number; times: number }>();
  private readonly wake: Alarm;
  private window = 0; // 0: no connection
  private notBefore = 0; // 429: the whole connection has to slow down

  constructor(options: SenderOptions) {
    this.o = options;
    this.wake = new Alarm(options.clock);
  }

  /** Until when the server wants nothing sent; in the past if it does not mind. */
  get slowUntil(): number {
    return this.notBefore;
  }

  /** Whether a request with this rid awaits its answer. */
  uses(rid: number): boolean {
    return this.flights.has(rid);
  }

  /**
   * A connection is up. What was acknowledged but never called DURABLE is sent again unless it is covered by the position
   * that its conversation was resumed from: for those the server says how far the database is, or calls a GAP.
   */
  up(window: number, resumed: ReadonlyMap<UUID, number>): void {
    this.window = window;
    this.notBefore = 0;
    this.pauses.clear();
    this.o.outbox.reload();
    for (const conv of new Set(this.o.outbox.all().map((e) => e.conv))) this.o.outbox.unaccept(conv, resumed.get(conv) ?? 0);
    this.pump();
  }

  down(): void {
    this.window = 0;
    for (const f of this.flights.values()) f.timeout.clear();
    this.flights.clear();
    this.wake.clear();
  }

  /** Sends what may be sent now. */
  pump(): void {
    if (this.window === 0) return;
    const now = this.o.clock.now();
    let next = Infinity;
    const busy = new Set([...this.flights.values()].map((f) => f.entry.conv));
    for (const e of this.o.outbox.all()) {
      if (e.state === "accepted" && e.device !== this.o.device) next = Math.min(next, this.adopt(e, now));
      if (e.state !== "waiting" || busy.has(e.conv)) continue;
      const at = this.mayGoAt(e);
      if (at > now) {
        next = Math.min(next, at);
        if (e.device === this.o.device || this.o.alone === true) busy.add(e.conv); // those after it wait with it
      } else if (this.flights.size < this.window) {
        busy.add(e.conv);
        this.fly(e);
      }
    }
    if (next < Infinity) this.wake.set(next - now, () => this.pump());
    else this.wake.clear();
  }

  /** SENDACK, or a MESSAGE with an own cmid. */
  accepted(cmid: UUID, seq: number): void {
    this.land(cmid);
    this.pauses.delete(cmid);
    if (this.o.outbox.get(cmid)?.state !== "accepted") {
      this.o.outbox.update(cmid, { state: "accepted", tried: true, seq, code: 0, reason: "" });
    }
    this.pump();
  }

  /** An ERROR came. Reports whether it was the answer to a SEND. */
  refused(p: ErrorPacket): boolean {
    const flight = this.flights.get(p.rid);
    if (flight === undefined) return false;
    const { cmid, conv, tried } = flight.entry;
    this.land(cmid);
    if (p.code === 409 && p.conv !== "" && p.conv !== conv) this.move(cmid, conv, p.conv);
    else if (this.mayRetry(cmid, p)) this.pause(cmid, p, tried);
    else {
      this.pauses.delete(cmid);
      this.o.outbox.update(cmid, { state: "failed", code: p.code, reason: p.message });
    }
    this.o.changed(conv);
    this.pump();
    return true;
  }

  /** Takes over what another page load got acknowledged, once it is old: sent again, it is called DURABLE here. */
  private adopt(e: OutboxEntry, now: number): number {
    const at = e.time + orphanAfter;
    if (at > now) return at;
    this.o.outbox.update(e.cmid, { state: "waiting", tried: true, seq: 0, device: this.o.device });
    return now;
  }

  private mayGoAt(e: OutboxEntry): number {
    const foreign = e.device === this.o.device || this.o.alone === true ? 0 : e.time + foreignAfter;
    return Math.max(this.notBefore, this.pauses.get(e.cmid)?.until ?? 0, foreign);
  }

  private fly(e: OutboxEntry): void {
    const rid = this.o.nextRid();
    const dup = e.tried || e.code > 0;
    // Noted before it leaves: a page that dies in between must know that it may have left.
    if (!e.tried || e.device !== this.o.device) this.o.outbox.update(e.cmid, { tried: true, device: this.o.device });
    const { conv, cmid, kind, visibility, body } = e;
    if (!this.o.send({ type: "send", rid, dup, conv, cmid, kind, visibility, body })) return;
    const timeout = new Alarm(this.o.clock);
    timeout.set(answerTimeout, () => {
      this.land(cmid);
      this.pump();
    });
    this.flights.set(rid, { entry: e, timeout });
  }

  private land(cmid: UUID): void {
    for (const [rid, f] of this.flights) {
      if (f.entry.cmid !== cmid) continue;
      f.timeout.clear();
      this.flights.delete(rid);
    }
  }

  private mayRetry(cmid: UUID, p: ErrorPacket): boolean {
    if (p.code === 429 || p.retryable) return true;
    return p.code >= 500 && (this.pauses.get(cmid)?.times ?? 0) < maxInternalErrors;
  }

  /** tried: whether it may have arrived before. What was only ever sent away, surely did not. */
  private pause(cmid: UUID, p: ErrorPacket, tried: boolean): void {
    const times = (this.pauses.get(cmid)?.times ?? 0) + 1;
    const backoff = p.code === 429 && p.retry_after > 0 ? 0 : Math.min(retryMin * 2 ** (times - 1), retryMax);
    const until = this.o.clock.now() + Math.max(backoff, p.retry_after);
    this.pauses.set(cmid, { until, times });
    if (p.code === 429) this.notBefore = until;
    this.o.outbox.update(cmid, { code: p.code, reason: p.message, tried: tried || (p.code !== 429 && p.code !== 503) });
  }

  /** The visitor has another open conversation: the message goes there, and so does what was to follow it. */
  private move(cmid: UUID, from: UUID, to: UUID): void {
    this.pauses.delete(cmid);
    this.o.outbox.move(cmid, from, to);
    this.o.moved(from, to);
    this.o.changed(to);
  }
}
