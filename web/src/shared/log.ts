// ConversationLog: what a client holds of one conversation, and what it lacks. A pure state machine: packets go in through
// methods, `need` says which request would bring it forward. It owns no socket, no timer and no outbox.

import type { Joined, Member, Message, Receipt, Sendack, Synced } from "./packets.ts";
import type { UUID } from "./uuid.ts";

/** The request that a log wants next, or until when it wants to be left alone. */
export type Need =
  | { want: "join"; after: number }
  | { want: "sync"; after: number; before: number }
  | { want: "wait"; until: number };

/** A request that was sent for a log. Its answer is told by handing the same object back. */
export interface Request { want: "join" | "sync"; after: number; before: number }

/** How long a MESSAGE that a SENDACK showed to be missing may take before it is asked for (protocol rule 3). */
export const missingAfter = 1000;
const retryMin = 500;
const retryMax = 30_000;

export class ConversationLog {
  readonly conv: UUID;
  /** What is known, in ascending order of seq, without holes from the first to the last. Never edited in place. */
  messages: readonly Message[] = [];
  /** The chain's end: everything up to it that this audience may see has been applied. 0: nothing yet. */
  last = 0;
  /** There is older history that has not been loaded. */
  hasOlder = false;
  /** The newest page has been taken in; before that, live messages wait. */
  joined = false;
  /** Who takes part and how far they got, by user id. */
  readonly members = new Map<UUID, Member>();
  /** The ERROR code with which the server refused this conversation (403, 404); 0 if it did not. */
  refused = 0;

  private readonly mids = new Set<UUID>();
  /** Messages ahead of the chain, by seq. */
  private readonly held = new Map<number, Message>();
  /** The highest seq that is known to exist. */
  private target = 0;
  /** Not before this time is something asked for. */
  private notBefore = 0;
  private failures = 0;
  private rejoin = false;
  private wantOlder = false;
  /** A page said that more follows after `last`. */
  private more = false;
  private inflight: Request | null = null;

  /** fresh: this client has just chosen the id, so that there is no history to ask for. */
  constructor(conv: UUID, fresh = false) {
    this.conv = conv;
    this.joined = fresh;
  }

  /** The resume position for CONNECT, or 0 if the conversation is to be joined instead. */
  get position(): number {
    return this.joined && !this.rejoin ? this.last : 0;
  }

  /** The oldest seq that is loaded; 0 if none is. */
  get oldest(): number {
    return this.messages[0]?.seq ?? 0;
  }

  /** Takes in a live MESSAGE. Reports whether it was news (false: it was known already). */
  message(m: Message): boolean {
    if (this.mids.has(m.mid)) return false;
    if (this.joined && m.seq <= this.last) return this.insert(m);
    if (this.held.has(m.seq)) return false;
    this.held.set(m.seq, m);
    this.heardOf(m.seq);
    this.drain();
    return true;
  }

  /**
   * Takes in the SENDACK of an own message. A dup never moves the chain: where it belongs, a MESSAGE or a page will say,
   * and if none comes within a second it is asked for.
   */
  ack(a: Sendack, own: Message | null, now: number): void {
    if (this.mids.has(a.mid)) return;
    if (own !== null && this.joined && a.seq <= this.last) {
      this.insert(own);
      return;
    }
    if (a.seq <= this.last) return;
    if (own !== null && !a.dup) {
      this.held.set(a.seq, own);
      this.drain();
    }
    if (a.seq > this.last) {
      if (this.target <= this.last) this.notBefore = Math.max(this.notBefore, now + missingAfter);
      this.heardOf(a.seq);
    }
  }

  /** Takes in a GAP for this conversation. Reports whether history forked, in which case the local copy is gone. */
  gap(top: number): boolean {
    if (top > 0) {
      this.heardOf(top);
      return false;
    }
    this.reset();
    return true;
  }

  /** Takes in the answer to a JOIN. */
  joinedPage(page: Joined, request: Request, now: number): void {
    if (!this.answered(request)) return;
    for (const m of page.members) this.members.set(m.user, m);
    const before = this.last;
    this.rejoin = false;
    if (request.after === 0) {
      this.joined = true;
      this.hasOlder = !page.complete;
      this.merge(page.messages);
      // The newest page reaches the end, whether or not something is left before it.
      this.last = Math.max(this.last, page.top, page.messages.at(-1)?.seq ?? 0);
      this.more = false;
    } else {
      this.forward(page, now);
    }
    this.settle(before, now);
  }

  /** Takes in the answer to a SYNC. */
  syncedPage(page: Synced, request: Request, now: number): void {
    if (!this.answered(request)) return;
    const before = this.last;
    if (request.before > 0) {
      this.wantOlder = false;
      this.merge(page.messages);
      this.hasOlder = !page.complete && page.messages.length > 0;
      this.failures = 0;
      return;
    }
    this.forward(page, now);
    this.settle(before, now);
  }

  /** Takes in the ERROR that a request was answered with, or that no answer came (code 504). */
  failed(request: Request, code: number, retryable: boolean, retryAfter: number, now: number): void {
    if (!this.answered(request)) return;
    if (!retryable && code >= 400 && code < 500 && code !== 429) {
      if (request.before > 0) this.wantOlder = false;
      else this.refused = code;
      return;
    }
    this.pause(now, retryAfter);
  }

  /** Takes in a RECEIPT. */
  receipt(r: Receipt): void {
    const role = () => this.messages.findLast((x) => x.sender === r.user)?.role ?? "agent";
    const m = this.members.get(r.user) ?? { user: r.user, role: role(), name: "", delivered: 0, read: 0 };
    this.members.set(r.user, { ...m, delivered: Math.max(m.delivered, r.delivered), read: Math.max(m.read, r.read) });
  }

  /** How far somebody has read; 0 if unknown. */
  readBy(user: UUID): number {
    return this.members.get(user)?.read ?? 0;
  }

  /**
   * A new connection is up. resumed: this conversation's position was part of its CONNECT, so that the server continues
   * the chain or calls a GAP. Otherwise nobody would notice if history had forked meanwhile: the copy is dropped.
   */
  connected(resumed: boolean): void {
    this.notBefore = 0;
    this.failures = 0;
    this.refused = 0;
    this.inflight = null;
    // What was heard of beyond the chain's end may be gone with a fork. What is not gone will be told again.
    this.held.clear();
    this.target = this.last;
    this.more = false;
    if (!resumed && this.last > 0) this.reset();
  }

  /** The conversation was left: if it is wanted again on this connection, it is joined from where the chain ends, even if it was refused. */
  left(): void {
    this.refused = 0;
    this.inflight = null;
    this.rejoin = this.joined;
  }

  /** The server does not know this conversation (any more) and an own message is about to begin it. */
  begin(): void {
    this.reset();
    this.joined = true;
  }

  /** Asks for the page before the oldest message. */
  loadOlder(): void {
    if (this.hasOlder && this.oldest > 0) this.wantOlder = true;
  }

  /** What should be asked for at this time; null if nothing is missing or an answer is awaited. */
  need(now: number): Need | null {
    if (this.inflight !== null || this.refused !== 0) return null;
    const want = this.wanted();
    if (want === null) return null;
    return now < this.notBefore ? { want: "wait", until: this.notBefore } : want;
  }

  /** Notes that the need was asked for. The answer has to name the same request. */
  asked(need: Exclude<Need, { want: "wait" }>): Request {
    this.inflight = { want: need.want, after: need.after, before: need.want === "sync" ? need.before : 0 };
    return this.inflight;
  }

  private wanted(): Exclude<Need, { want: "wait" }> | null {
    if (!this.joined) return { want: "join", after: 0 };
    if (this.rejoin) return { want: "join", after: this.last };
    if (this.more || this.target > this.last) return { want: "sync", after: this.last, before: 0 };
    if (this.wantOlder && this.hasOlder) return { want: "sync", after: 0, before: this.oldest };
    return null;
  }

  /** Whether this is the answer that is awaited; anything else belongs to an older connection or history. */
  private answered(request: Request): boolean {
    if (this.inflight !== request) return false;
    this.inflight = null;
    return true;
  }

  /** Takes in a page of what follows `last`. */
  private forward(page: Joined | Synced, now: number): void {
    this.merge(page.messages);
    const end = page.messages.at(-1)?.seq ?? 0;
    this.last = Math.max(this.last, page.complete ? page.top : 0, end);
    this.more = !page.complete;
    if (this.more && end === 0) this.pause(now, 0); // an empty page with more behind it: no reason to hurry
  }

  /** After a page: takes in what waited for it, and slows down if it brought nothing although something is missing. */
  private settle(before: number, now: number): void {
    this.drain();
    if (this.target > this.last && this.last === before) this.pause(now, 0);
    else if (this.last > before) this.failures = 0;
  }

  private pause(now: number, retryAfter: number): void {
    const backoff = Math.min(retryMin * 2 ** this.failures++, retryMax);
    this.notBefore = now + Math.max(backoff, retryAfter);
  }

  private heardOf(seq: number): void {
    this.target = Math.max(this.target, seq);
  }

  /** Applies what waited, as far as the chain reaches. */
  private drain(): void {
    if (!this.joined) return;
    for (const seq of [...this.held.keys()].sort((a, b) => a - b)) {
      const m = this.held.get(seq)!;
      if (seq > this.last && m.prev !== this.last) return;
      this.held.delete(seq);
      this.insert(m);
      this.last = Math.max(this.last, seq);
    }
  }

  /** Puts a message in its place. False if it is known, or older than what is loaded (paging will bring it). */
  private insert(m: Message): boolean {
    if (this.mids.has(m.mid)) return false;
    if (this.hasOlder && m.seq < this.oldest) return false;
    this.merge([m]);
    return true;
  }

  private merge(page: readonly Message[]): void {
    const news = page.filter((m) => !this.mids.has(m.mid));
    if (news.length === 0) return;
    for (const m of news) this.mids.add(m.mid);
    this.messages = [...this.messages, ...news].sort((a, b) => a.seq - b.seq);
  }

  private reset(): void {
    this.messages = [];
    this.mids.clear();
    this.held.clear();
    this.last = 0;
    this.hasOlder = false;
    this.joined = false;
    this.rejoin = false;
    this.more = false;
    this.wantOlder = false;
    this.target = 0;
    this.notBefore = 0;
    this.failures = 0;
    this.refused = 0;
    this.inflight = null;
  }
}
