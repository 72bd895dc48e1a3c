// A small model of a server for the property tests of the client: the protocol's rules in memory, over connections that
// delay, break and lose. Nothing of it is built into the pages.

import type { Socket } from "../shared/link.ts";
import type { Message, Role, Visibility } from "../shared/packets.ts";
import type { TestClock } from "./clock.ts";

type Json = Record<string, any>;

interface Entry extends Message { device: string }

interface Conversation { id: string; visitor: string; entries: Entry[]; closed: boolean; lost: Set<number>; floor: number; durable: number }

export interface ModelOptions {
  clock: TestClock;
  random(): number;
  /** How often things go wrong, 0..1. */
  trouble: number;
}

/** One socket: what each side sends arrives in order, after a random delay, unless the connection breaks first. */
class Wire implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  open = true;
  session: { user: string; role: Role; joined: Set<string> } | null = null;
  private readonly server: ModelServer;
  private upAt = 0;
  private downAt = 0;

  constructor(server: ModelServer) {
    this.server = server;
    this.later("down", () => this.onopen?.());
  }

  private later(way: "up" | "down", f: () => void): void {
    const { clock, random } = this.server.o;
    const at = Math.max(way === "up" ? this.upAt : this.downAt, clock.now() + Math.floor(random() * 80));
    if (way === "up") this.upAt = at;
    else this.downAt = at;
    clock.after(at - clock.now(), () => {
      if (this.open) f();
    });
  }

  send(text: string): void {
    this.later("up", () => this.server.receive(this, JSON.parse(text)));
  }

  push(packet: Json): void {
    this.later("down", () => this.onmessage?.({ data: JSON.stringify(packet) }));
  }

  close(): void {
    this.open = false;
    this.server.wires.delete(this);
  }

  /** The connection breaks: nothing that is still on its way arrives. */
  break(code = 1006): void {
    if (!this.open) return;
    this.close();
    this.onclose?.({ code, reason: "" });
  }
}

export class ModelServer {
  readonly o: ModelOptions;
  readonly wires = new Set<Wire>();
  readonly convs = new Map<string, Conversation>();
  private readonly tokens: ReadonlyMap<string, { user: string; role: Role }>;
  private mids = 0;

  constructor(o: ModelOptions, tokens: ReadonlyMap<string, { user: string; role: Role }>) {
    this.o = o;
    this.tokens = tokens;
  }

  dial(): Socket {
    const wire = new Wire(this);
    this.wires.add(wire);
    if (this.unlucky(0.3)) this.o.clock.after(10, () => wire.break());
    return wire;
  }

  private unlucky(p: number): boolean {
    return this.o.random() < p * this.o.trouble;
  }

  /** What an audience may see, with its own chain. */
  view(conv: Conversation, role: Role): Message[] {
    const seen = conv.entries.filter((e) => role === "agent" || e.visibility === "public");
    return seen.map(({ device: _, ...m }, i) => ({ ...m, prev: seen[i - 1]?.seq ?? 0 }));
  }

  mayRead(w: Wire, conv: Conversation): boolean {
    return w.session!.role === "agent" || conv.visitor === w.session!.user;
  }

  receive(w: Wire, p: Json): void {
    if (p.type === "connect") {
      this.connect(w, p);
      return;
    }
    if (w.session === null) throw new Error("CONNECT must come first");
    if (this.unlucky(0.02)) {
      w.break();
      return;
    }
    switch (p.type) {
      case "ping": w.push({ type: "pong", time: p.time }); break;
      case "send": this.send(w, p); break;
      case "join": this.history(w, p, "joined"); break;
      case "sync": this.history(w, p, "synced"); break;
      case "leave": w.session.joined.delete(p.conv); break;
    }
  }

  private connect(w: Wire, p: Json): void {
    const who = this.tokens.get(p.token);
    if (who === undefined) {
      w.break(3500);
      return;
    }
    w.session = { ...who, joined: new Set() };
    const open = [...this.convs.values()].find((c) => c.visitor === who.user && !c.closed);
    w.push({ type: "connack", version: 1, user: who.user, role: who.role, ping: 5, pong: 2, window: 4, max_body: 65536, conv: open?.id });
    for (const { conv: id, seq } of p.resume as { conv: string; seq: number }[]) {
      const conv = this.convs.get(id);
      if (conv === undefined || !this.mayRead(w, conv)) continue;
      w.session.joined.add(id);
      const all = this.view(conv, who.role);
      const top = all.at(-1)?.seq ?? 0;
      const missed = all.filter((m) => m.seq > seq);
      if (seq > top || conv.lost.has(seq)) w.push({ type: "gap", items: [{ conv: id, top: 0 }] });
      else if (missed.length > 5) w.push({ type: "gap", items: [{ conv: id, top }] });
      else for (const m of missed) w.push({ type: "message", ...m });
      conv.durable = Math.max(conv.durable, top);
      w.push({ type: "durable", items: [{ conv: id, seq: top }] });
    }
  }

  private error(w: Wire, p: Json, code: number, conv = "", retryAfter = 0): void {
    w.push({ type: "error", rid: p.rid, code, retryable: [429, 503, 504].includes(code), retry_after: retryAfter, message: "no", conv });
  }

  private send(w: Wire, p: Json): void {
    const { user, role } = w.session!;
    if (this.unlucky(0.1)) return this.error(w, p, this.unlucky(0.5) ? 429 : 503, "", 200);
    const open = [...this.convs.values()].find((c) => c.visitor === user && !c.closed);
    let conv = this.convs.get(p.conv);
    const first = conv?.entries.find((e) => e.cmid === p.cmid && e.sender === user);
    if (role === "visitor" && first === undefined) {
      if (conv === undefined && open !== undefined) return this.error(w, p, 409, open.id);
      if (conv !== undefined && conv.closed && open !== undefined) return this.error(w, p, 409, open.id);
    }
    if (conv !== undefined && !this.mayRead(w, conv)) return this.error(w, p, 404);
    if (conv === undefined) {
      if (role !== "visitor") return this.error(w, p, 404);
      conv = { id: p.conv, visitor: user, entries: [], closed: false, lost: new Set(), floor: 0, durable: 0 };
      this.convs.set(p.conv, conv);
      this.system(conv, "conversation.created", "public");
    }
    if (first !== undefined) {
      const seen = this.view(conv, role).find((m) => m.mid === first.mid)!;
      w.push({ type: "sendack", rid: p.rid, conv: conv.id, cmid: p.cmid, mid: first.mid, seq: seen.seq, prev: seen.prev, time: seen.time, dup: true });
      this.owe(w, conv, first);
      return;
    }
    if (conv.closed) {
      conv.closed = false;
      this.system(conv, "conversation.reopened", "public");
    }
    const m = this.append(conv, { cmid: p.cmid, sender: user, role, kind: p.kind, visibility: p.visibility, body: p.body });
    if (this.unlucky(0.1)) this.error(w, p, 504); // it is in the log all the same
    this.tell(conv, m, w, p.rid);
    this.owe(w, conv, m);
  }

  /** Some time later, what was acknowledged is in the database. */
  private owe(w: Wire, conv: Conversation, m: Message): void {
    this.o.clock.after(500, () => {
      if (!conv.entries.some((e) => e.seq === m.seq)) return;
      conv.durable = Math.max(conv.durable, m.seq);
      if (w.open) w.push({ type: "durable", items: [{ conv: conv.id, seq: m.seq }] });
    });
  }

  append(conv: Conversation, part: Partial<Message>): Message {
    const seq = Math.max(conv.floor, conv.entries.at(-1)?.seq ?? 0) + 1 + (this.o.random() < 0.2 ? 7 : 0);
    const m: Entry = {
      conv: conv.id, seq, prev: 0, mid: `mid-${this.mids++}`, cmid: "", sender: "", role: "system", kind: "text",
      visibility: "public", time: this.o.clock.now(), reply_to: "", body: {}, device: "", ...part,
    };
    conv.entries.push(m);
    return m;
  }

  system(conv: Conversation, event: string, visibility: Visibility): void {
    this.tell(conv, this.append(conv, { kind: "system", body: { event }, visibility }), null, 0);
  }

  close(conv: Conversation): void {
    if (conv.closed) return;
    conv.closed = true;
    this.system(conv, "conversation.closed", "public");
  }

  /** Fan-out: the acknowledgement to who sent it, the message to everyone else of the audience, in the log's order. */
  private tell(conv: Conversation, m: Message, from: Wire | null, rid: number): void {
    for (const w of this.wires) {
      if (w.session === null || !this.mayRead(w, conv)) continue;
      if (w.session.role === "agent" && !w.session.joined.has(conv.id) && w !== from) continue;
      const seen = this.view(conv, w.session.role).find((x) => x.mid === m.mid);
      if (seen === undefined) continue;
      if (w === from) {
        w.push({ type: "sendack", rid, conv: conv.id, cmid: m.cmid, mid: m.mid, seq: seen.seq, prev: seen.prev, time: m.time, dup: false });
      } else if (this.unlucky(0.1)) {
        w.push({ type: "gap", items: [{ conv: conv.id, top: seen.seq }] }); // it reads too slowly
      } else if (!this.unlucky(0.03)) { // harsher than the protocol allows: a push that is simply lost
        w.push({ type: "message", ...seen });
      }
    }
  }

  private history(w: Wire, p: Json, type: "joined" | "synced"): void {
    const conv = this.convs.get(p.conv);
    if (this.unlucky(0.1)) return this.error(w, p, 503, "", 100);
    if (conv === undefined || !this.mayRead(w, conv)) return this.error(w, p, 404);
    if (type === "joined") w.session!.joined.add(conv.id);
    const newest = type === "joined" ? p.after === 0 : p.before > 0;
    const all = this.view(conv, w.session!.role);
    const range = all.filter((m) => m.seq > p.after && (!(p.before > 0) || m.seq < p.before));
    const limit = Math.min(p.limit, 4);
    const messages = newest ? range.slice(-limit) : range.slice(0, limit);
    w.push({ type, rid: p.rid, conv: conv.id, top: all.at(-1)?.seq ?? 0, complete: messages.length === range.length, members: [], messages });
  }

  /**
   * A crash that loses the end of every log, as far as it was not durable: history forks. Everybody is cut off. A new
   * epoch begins, so that no seq is ever given twice.
   */
  crash(lose: number): void {
    for (const conv of this.convs.values()) {
      conv.floor = (conv.entries.at(-1)?.seq ?? 0) + 1000;
      const safe = conv.entries.filter((e) => e.seq <= conv.durable).length;
      for (const e of conv.entries.splice(Math.max(1, safe, conv.entries.length - lose))) conv.lost.add(e.seq);
    }
    for (const w of [...this.wires]) w.break();
  }

  breakSome(): void {
    for (const w of [...this.wires]) if (this.o.random() < 0.4) w.break();
  }
}
