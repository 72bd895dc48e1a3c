// Link: one lasting connection made of many sockets. It dials, says CONNECT first, keeps the heartbeat, and comes back after
// a loss with full-jitter back-off, or stays away when the server says so. It knows nothing of conversations.

import { Alarm, type Clock } from "./clock.ts";
import { closeBadToken, closeNoPong } from "./names.ts";
import { decode, encode, type ClientPacket, type Connack, type Disconnect, type Position, type ServerPacket } from "./packets.ts";
import type { UUID } from "./uuid.ts";

export const subprotocol = "uniqchat.v1.json";

/** idle: not started. waiting: a new attempt follows at retryAt. ended: closed for good with code; start() tries anew. */
export interface LinkState {
  name: "idle" | "connecting" | "online" | "waiting" | "ended";
  retryAt: number;
  code: number;
  reason: string;
}

export interface Credentials { url: string; token: string }

/** Why credentials can't be had. final: asking again is useless, somebody has to log in. code: the close code that says the same. */
export class CredentialsError extends Error {
  readonly final: boolean;
  readonly retryAfter: number;
  readonly code: number;

  constructor(message: string, final: boolean, retryAfter = 0, code = 0) {
    super(message);
    this.final = final;
    this.retryAfter = retryAfter;
    this.code = code;
  }
}

/** Not instanceof: the widget's two scripts have a class of this name each. */
export function isCredentialsError(err: unknown): err is CredentialsError {
  return err instanceof Error && "final" in err && "retryAfter" in err;
}

/** The part of WebSocket that a Link uses. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: ((e: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface LinkOptions {
  /** Where to go with which token. renew: the last token was refused. attempt: failed attempts in a row. */
  credentials(renew: boolean, attempt: number): Promise<Credentials>;
  /** What CONNECT says besides the token. */
  hello(): { device: UUID; page: string; locale: string; resume: Position[] };
  clock: Clock;
  dial(url: string, protocol: string): Socket;
  /** Uniform in [0, 1). */
  random(): number;
  onState(state: LinkState): void;
  onUp(connack: Connack, resumed: readonly Position[]): void;
  onPacket(packet: ServerPacket): void;
  onDown(): void;
}

const answerTimeout = 10_000; // for credentials, connection and CONNACK together
const probeTimeout = 5_000;
const stableAfter = 10_000; // a connection this old forgets earlier failures
const maxRenewals = 2;

/** The back-off of protocol.md: full jitter, random(0, min(30 s, 0.5 s · 2^attempt)). In ms. */
export function backoff(attempt: number, random: number): number {
  return random * Math.min(30_000, 500 * 2 ** Math.min(attempt, 16));
}

/** Whether a close code (or a DISCONNECT) allows to come back as you are. */
export function mayReconnect(code: number, goodbye: Disconnect | null): boolean {
  if (code >= 3000 && code < 3500) return true;
  if (code >= 3500 && code < 4000) return false;
  return goodbye === null || goodbye.reconnect;
}

export class Link {
  state: LinkState = { name: "idle", retryAt: 0, code: 0, reason: "" };
  private readonly o: LinkOptions;
  private socket: Socket | null = null;
  private dialling = 0; // counts attempts, so that a late answer of an older one is recognised
  private attempt = 0;
  private renewals = 0;
  private renew = false;
  private notBefore = 0; // the server's retry_after: no attempt before this time
  private upSince = 0;
  private heard = 0;
  private silence = 0; // ms without a word after which this side asks
  private pongWithin = 0;
  private resumed: readonly Position[] = [];
  private goodbye: Disconnect | null = null;
  private readonly retry: Alarm;
  private readonly deadline: Alarm;
  private readonly beat: Alarm;
  private readonly move: Alarm;

  constructor(options: LinkOptions) {
    this.o = options;
    this.retry = new Alarm(options.clock);
    this.deadline = new Alarm(options.clock);
    this.beat = new Alarm(options.clock);
    this.move = new Alarm(options.clock);
  }

  get online(): boolean {
    return this.state.name === "online";
  }

  /** Begins to connect, if it has not begun or has ended. */
  start(): void {
    if (this.state.name !== "idle" && this.state.name !== "ended") return;
    this.attempt = 0;
    this.renewals = 0;
    this.connect();
  }

  /** Closes the connection for good, until start is called again. */
  stop(): void {
    this.drop();
    this.set("idle");
  }

  /** Sends a packet. False if there is no connection; the packet is gone then. */
  send(packet: ClientPacket): boolean {
    if (this.socket === null || !this.online) return false;
    this.write(packet);
    return true;
  }

  /** The network seems to be back, or the page came to the front: don't wait longer than the server demands. */
  hurry(): void {
    if (this.state.name === "waiting") this.wait(Math.max(0, this.notBefore - this.o.clock.now()));
    else if (this.online) this.probe(probeTimeout);
  }

  private set(name: LinkState["name"], rest: Partial<LinkState> = {}): void {
    this.state = { name, retryAt: 0, code: 0, reason: "", ...rest };
    this.o.onState(this.state);
  }

  private connect(): void {
    const dial = ++this.dialling;
    this.retry.clear();
    this.goodbye = null;
    this.set("connecting");
    this.deadline.set(answerTimeout, () => this.lost(0, "no answer in time"));
    this.o.credentials(this.renew, this.attempt).then(
      (c) => {
        if (dial === this.dialling) this.open(c);
      },
      (err: unknown) => {
        if (dial === this.dialling) this.refused(err);
      },
    );
  }

  private refused(err: unknown): void {
    const reason = err instanceof Error ? err.message : String(err);
    if (isCredentialsError(err)) {
      if (err.final) {
        this.end(closeBadToken, reason);
        return;
      }
      this.notBefore = Math.max(this.notBefore, this.o.clock.now() + err.retryAfter);
      this.lost(err.code, reason);
      return;
    }
    this.lost(0, reason);
  }

  private open(c: Credentials): void {
    this.renew = false;
    let socket: Socket;
    try {
      socket = this.o.dial(c.url, subprotocol);
    } catch (err) {
      this.lost(0, String(err)); // an address that no browser takes; the next credentials may hold a better one
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      const hello = this.o.hello();
      this.resumed = hello.resume;
      this.write({ type: "connect", min_version: 1, max_version: 1, token: c.token, ...hello });
    };
    socket.onmessage = (e) => this.received(e.data);
    socket.onclose = (e) => this.lost(e.code, e.reason);
    socket.onerror = null; // a close always follows
  }

  private write(packet: ClientPacket): void {
    try {
      this.socket?.send(encode(packet));
    } catch {
      // Closing already: its close event is on the way, and whoever sent this sends it again afterwards.
    }
  }

  private received(data: unknown): void {
    const socket = this.socket;
    this.heard = this.o.clock.now();
    if (typeof data !== "string") return;
    let packets: ServerPacket[];
    try {
      packets = decode(data);
    } catch {
      return; // not JSON: nothing that a server of this protocol says
    }
    for (const p of packets) {
      if (this.socket !== socket) return; // an earlier packet ended this connection
      this.packet(p);
    }
  }

  private packet(p: ServerPacket): void {
    switch (p.type) {
      case "ping":
        this.write({ type: "pong", rid: p.rid, time: p.time });
        return;
      case "pong":
        return;
      case "connack":
        this.up(p);
        return;
      case "disconnect":
        this.leaving(p);
        return;
    }
    if (this.online) this.o.onPacket(p);
  }

  private up(p: Connack): void {
    if (this.online) return;
    this.deadline.clear();
    this.upSince = this.o.clock.now();
    this.notBefore = 0;
    this.pongWithin = (p.pong || 15) * 1000;
    this.silence = (p.ping || 45) * 1000 + this.pongWithin;
    this.listen();
    this.set("online");
    this.o.onUp(p, this.resumed);
  }

  /** The server is going to close. After a soft DISCONNECT it goes on serving, and this side moves at its retry slot. */
  private leaving(p: Disconnect): void {
    this.goodbye = p;
    const slot = p.retry_after > 0 ? p.retry_after : 0;
    this.notBefore = Math.max(this.notBefore, this.o.clock.now() + slot);
    if (p.soft && mayReconnect(p.code, p)) {
      this.move.set(Math.max(slot, backoff(1, this.o.random())), () => {
        this.drop();
        this.connect();
      });
    } else {
      this.deadline.set(probeTimeout, () => this.lost(p.code, p.reason)); // should its close get lost
    }
  }

  /** Watches for silence: nothing heard for ping + pong seconds makes this side ask. */
  private listen(): void {
    const quiet = this.o.clock.now() - this.heard;
    if (quiet >= this.silence) {
      this.probe(this.pongWithin);
      return;
    }
    this.beat.set(this.silence - quiet, () => this.listen());
  }

  /** Asks for a sign of life, and takes the connection for dead if none comes in time. */
  private probe(within: number): void {
    const asked = this.o.clock.now();
    this.write({ type: "ping", time: asked });
    this.beat.set(within, () => {
      if (this.heard >= asked) this.listen();
      else this.lost(closeNoPong, "no pong");
    });
  }

  private lost(code: number, reason: string): void {
    const goodbye = this.goodbye;
    const now = this.o.clock.now();
    if (this.online && now - this.upSince >= stableAfter) {
      this.attempt = 0;
      this.renewals = 0;
    }
    this.drop();
    if (goodbye !== null) {
      code = goodbye.code;
      reason = goodbye.reason;
    }
    if (code === closeBadToken && this.renewals < maxRenewals) {
      this.renewals++;
      this.renew = true;
    } else if (!mayReconnect(code, goodbye)) {
      this.end(code, reason);
      return;
    }
    this.wait(Math.max(backoff(this.attempt++, this.o.random()), this.notBefore - now), code, reason);
  }

  private wait(ms: number, code = this.state.code, reason = this.state.reason): void {
    this.set("waiting", { retryAt: this.o.clock.now() + ms, code, reason });
    this.retry.set(ms, () => this.connect());
  }

  private end(code: number, reason: string): void {
    this.drop();
    this.set("ended", { code, reason });
  }

  /** Lets go of the socket without waiting for its close, which a dead network can hold up for minutes. */
  private drop(): void {
    const wasOnline = this.online;
    const socket = this.socket;
    this.dialling++;
    this.socket = null;
    this.goodbye = null;
    for (const alarm of [this.retry, this.deadline, this.beat, this.move]) alarm.clear();
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close(1000);
    }
    if (wasOnline) this.o.onDown();
  }
}
