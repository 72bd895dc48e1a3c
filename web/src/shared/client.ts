// ProtocolClient: the client rules of protocol.md. It keeps conversations complete and in order (ConversationLog), sends the
// outbox until the database has it, and tells screens what changed. It draws nothing and makes no HTTP requests.

import { Alarm, realClock, type Clock } from "./clock.ts";
import { Link, type Credentials, type LinkState, type Socket } from "./link.ts";
import { ConversationLog, type Need, type Request } from "./log.ts";
import type { Outbox, OutboxEntry } from "./outbox.ts";
import type {
  ClientPacket, Connack, EventPacket, Gap, Joined, Message, Position, Sendack, ServerPacket, Stream, Synced,
  TypingState,
} from "./packets.ts";
import { Sender } from "./sender.ts";
import { Typists } from "./typists.ts";
import { uuidv4, type UUID } from "./uuid.ts";

export interface ClientHandlers {
  /** The connection's state changed. */
  onState?(state: LinkState): void;
  /** CONNACK came; what is not resumed by the protocol (STATUS, WATCH) is sent here. */
  onReady?(connack: Connack): void;
  /** Something of this conversation changed: messages, outbox, members, typing. */
  onChange?(conv: UUID): void;
  /** A live message arrived, of an open conversation or of any other. */
  onMessage?(message: Message): void;
  /** The server has another open conversation for what was sent to `from`. */
  onMoved?(from: UUID, to: UUID): void;
  /** The server refused to show a conversation (403, 404). */
  onRefused?(conv: UUID, code: number): void;
  onEvent?(event: EventPacket): void;
  onStream?(piece: Stream): void;
}

export interface ClientOptions {
  credentials(renew: boolean, attempt: number): Promise<Credentials>;
  outbox: Outbox;
  handlers: ClientHandlers;
  page?: string;
  locale?: string;
  /** Defaults to a new UUIDv4: one per page load. */
  device?: UUID;
  /** This is the browser's only connection: it sends what other page loads have written. */
  alone?: boolean;
  clock?: Clock;
  random?(): number;
  dial?(url: string, protocol: string): Socket;
}

const maxResume = 64;
const pageLimit = 50;
const requestTimeout = 10_000;

/** Who this connection is to the server. */
export interface Self { user: UUID; role: Connack["role"]; conv: UUID }

export class ProtocolClient {
  readonly device: UUID;
  readonly outbox: Outbox;
  self: Self = { user: "", role: "system", conv: "" };
  private readonly clock: Clock;
  private readonly handlers: ClientHandlers;
  private readonly link: Link;
  private readonly sender: Sender;
  private readonly logs = new Map<UUID, ConversationLog>();
  private readonly active = new Set<UUID>();
  private readonly requests = new Map<number, { log: ConversationLog; request: Request; timeout: Alarm }>();
  private readonly reads = new Map<UUID, number>();
  private readonly typists: Typists;
  private readonly wake: Alarm;
  private rid = 0;

  constructor(o: ClientOptions) {
    this.clock = o.clock ?? realClock;
    this.device = o.device ?? uuidv4();
    this.outbox = o.outbox;
    this.handlers = o.handlers;
    this.wake = new Alarm(this.clock);
    this.typists = new Typists(this.clock, (conv) => this.changed(conv));
    this.link = new Link({
      credentials: o.credentials,
      clock: this.clock,
      random: o.random ?? Math.random,
      dial: o.dial ?? ((url, protocol) => new WebSocket(url, protocol) as unknown as Socket),
      hello: () => ({ device: this.device, page: o.page ?? "", locale: o.locale ?? "", resume: this.positions() }),
      onState: (s) => this.handlers.onState?.(s),
      onUp: (connack, resumed) => this.up(connack, resumed),
      onPacket: (p) => this.packet(p),
      onDown: () => this.down(),
    });
    this.sender = new Sender({
      clock: this.clock, outbox: this.outbox, device: this.device, alone: o.alone ?? false,
      send: (p) => this.link.send(p),
      nextRid: () => this.nextRid(),
      changed: (conv) => this.changed(conv),
      moved: (from, to) => this.handlers.onMoved?.(from, to),
    });
  }

  get state(): LinkState {
    return this.link.state;
  }

  start(): void {
    this.link.start();
  }

  stop(): void {
    this.link.stop();
  }

  /** The network is back or the page became visible. */
  hurry(): void {
    this.link.hurry();
  }

  /** Until when the server wants nothing sent (429); in the past if it does not mind. */
  get slowUntil(): number {
    return this.sender.slowUntil;
  }

  /** The log of a conversation that is open here, if it is. */
  log(conv: UUID): ConversationLog | undefined {
    return this.logs.get(conv);
  }

  /** Opens a conversation: its log is loaded and kept up to date. fresh: this client has just chosen the id. */
  open(conv: UUID, fresh = false): ConversationLog {
    let log = this.logs.get(conv);
    if (log === undefined) {
      log = new ConversationLog(conv, fresh);
      this.logs.set(conv, log);
    }
    this.active.add(conv);
    this.pump();
    return log;
  }

  /** Stops following a conversation. What is loaded stays for the next time on this connection. */
  leave(conv: UUID): void {
    if (!this.active.delete(conv)) return;
    this.link.send({ type: "leave", conv });
    this.logs.get(conv)?.left();
  }

  /** Forgets a conversation altogether. */
  forget(conv: UUID): void {
    this.leave(conv);
    this.logs.delete(conv);
    this.reads.delete(conv);
  }

  /** Gives up a failed message. */
  discard(cmid: UUID): void {
    const entry = this.outbox.get(cmid);
    this.outbox.remove(cmid);
    if (entry !== undefined) this.changed(entry.conv);
  }

  /** Another tab changed the outbox's storage. */
  outboxChanged(): void {
    this.outbox.reload();
    for (const conv of this.active) this.changed(conv);
    this.sender.pump();
  }

  loadOlder(conv: UUID): void {
    this.logs.get(conv)?.loadOlder();
    this.pump();
  }

  /** Everything up to seq has been read. Repeats are not sent. */
  read(conv: UUID, seq: number): void {
    if (seq <= (this.reads.get(conv) ?? 0)) return;
    this.reads.delete(conv); // the newest stands last
    this.reads.set(conv, seq);
    this.link.send({ type: "read", conv, seq });
  }

  /** How far this user has read a conversation, as far as is known here. */
  readUpTo(conv: UUID): number {
    return Math.max(this.reads.get(conv) ?? 0, this.logs.get(conv)?.readBy(this.self.user) ?? 0);
  }

  typing(conv: UUID, state: TypingState, preview: string): void {
    if ((this.logs.get(conv)?.last ?? 0) > 0) this.link.send({ type: "typing", conv, state, preview });
  }

  /** Who is writing in a conversation: user id to unsent text, which only agents see. */
  typistsOf(conv: UUID): ReadonlyMap<UUID, string> {
    return this.typists.of(conv);
  }

  /** Says something that is neither kept nor answered. False if there is no connection. */
  tell(packet: ClientPacket): boolean {
    return this.link.send(packet);
  }

  private changed(conv: UUID): void {
    this.handlers.onChange?.(conv);
  }

  /** The resume list: where each open conversation's chain ends. */
  private positions(): Position[] {
    const out: Position[] = [];
    for (const conv of this.active) {
      const seq = this.logs.get(conv)?.position ?? 0;
      if (seq > 0 && out.length < maxResume) out.push({ conv, seq });
    }
    return out;
  }

  private up(connack: Connack, resumed: readonly Position[]): void {
    this.self = { user: connack.user, role: connack.role, conv: connack.conv };
    const convs = new Map(resumed.map((p) => [p.conv, p.seq]));
    for (const log of this.logs.values()) log.connected(convs.has(log.conv));
    this.handlers.onReady?.(connack);
    this.sender.up(connack.window || 1, convs);
    this.pump();
    // What was read last may not have arrived. After all else, and not all of it: the server takes 200 packets in a second.
    for (const [conv, seq] of [...this.reads].slice(-maxResume)) this.link.send({ type: "read", conv, seq });
  }

  private down(): void {
    for (const r of this.requests.values()) r.timeout.clear();
    this.requests.clear();
    this.wake.clear();
    this.sender.down();
    this.typists.clear();
  }

  private packet(p: ServerPacket): void {
    switch (p.type) {
      case "message": this.message(p); break;
      case "sendack": this.acked(p); break;
      case "joined":
      case "synced": this.page(p); break;
      case "gap": this.gap(p); break;
      case "durable":
        for (const { conv, seq } of p.items) if (this.outbox.durable(conv, seq, this.device)) this.changed(conv);
        break;
      case "error":
        if (!this.sender.refused(p)) this.requestFailed(p.rid, p.code, p.retryable, p.retry_after);
        break;
      case "receipt":
        this.logs.get(p.conv)?.receipt(p);
        this.changed(p.conv);
        break;
      case "typing":
        if (p.user !== this.self.user) this.typists.heard(p);
        break;
      case "event": this.handlers.onEvent?.(p); break;
      case "stream": this.handlers.onStream?.(p); break;
    }
    this.pump();
  }

  private message(m: Message): void {
    this.typists.wrote(m.conv, m.sender);
    this.recognise(m);
    const log = this.logs.get(m.conv);
    if (log === undefined || log.message(m)) this.handlers.onMessage?.(m);
    this.changed(m.conv);
  }

  private acked(a: Sendack): void {
    const entry = this.outbox.get(a.cmid);
    this.sender.accepted(a.cmid, a.seq);
    const own = entry === undefined ? null : this.ownMessage(entry, a);
    this.logs.get(a.conv)?.ack(a, own, this.clock.now());
    this.changed(a.conv);
  }

  private ownMessage(e: OutboxEntry, a: Sendack): Message {
    return {
      conv: a.conv, seq: a.seq, prev: a.prev, mid: a.mid, cmid: a.cmid, sender: this.self.user, role: this.self.role,
      kind: e.kind, visibility: e.visibility, time: a.time, reply_to: "", body: e.body,
    };
  }

  /** A message with an own cmid counts as its acknowledgement. */
  private recognise(m: Message): void {
    if (m.sender === this.self.user && this.outbox.get(m.cmid)?.conv === m.conv) this.sender.accepted(m.cmid, m.seq);
  }

  private page(p: Joined | Synced): void {
    const asked = this.requests.get(p.rid);
    if (asked === undefined || asked.log.conv !== p.conv) return;
    this.requests.delete(p.rid);
    asked.timeout.clear();
    for (const m of p.messages) this.recognise(m);
    if (p.type === "joined") asked.log.joinedPage(p, asked.request, this.clock.now());
    else asked.log.syncedPage(p, asked.request, this.clock.now());
    this.changed(p.conv);
  }

  private gap(p: Gap): void {
    for (const { conv, top } of p.items) {
      this.logs.get(conv)?.gap(top);
      if (top === 0) {
        this.reads.delete(conv);
        this.outbox.unaccept(conv);
        this.sender.pump();
      }
      this.changed(conv);
    }
  }

  private requestFailed(rid: number, code: number, retryable: boolean, retryAfter: number): void {
    const asked = this.requests.get(rid);
    if (asked === undefined) return;
    this.requests.delete(rid);
    asked.timeout.clear();
    const { log } = asked;
    log.failed(asked.request, code, retryable, retryAfter, this.clock.now());
    if (log.refused === 0) return;
    // What a visitor is about to send begins the conversation, again or for the first time.
    if (log.refused === 404 && this.self.role === "visitor" && this.outbox.of(log.conv).length > 0) log.begin();
    else this.handlers.onRefused?.(log.conv, log.refused);
  }

  /** Sends what the open logs need. */
  private pump(): void {
    if (!this.link.online) return;
    const now = this.clock.now();
    let next = Infinity;
    for (const conv of this.active) {
      const log = this.logs.get(conv);
      const need = log?.need(now) ?? null;
      if (log === undefined || need === null) continue;
      if (need.want === "wait") next = Math.min(next, need.until);
      else this.ask(log, need);
    }
    if (next < Infinity) this.wake.set(next - now, () => this.pump());
    else this.wake.clear();
  }

  private ask(log: ConversationLog, need: Exclude<Need, { want: "wait" }>): void {
    const rid = this.nextRid();
    const request = log.asked(need);
    const timeout = new Alarm(this.clock);
    timeout.set(requestTimeout, () => {
      this.requestFailed(rid, 504, true, 0);
      this.pump();
    });
    this.requests.set(rid, { log, request, timeout });
    const { conv } = log;
    if (need.want === "join") this.link.send({ type: "join", rid, conv, after: need.after, limit: pageLimit });
    else this.link.send({ type: "sync", rid, conv, after: need.after, before: need.before, limit: pageLimit });
  }

  private nextRid(): number {
    do this.rid = (this.rid % 0xffff) + 1;
    while (this.requests.has(this.rid) || this.sender.uses(this.rid));
    return this.rid;
  }
}
