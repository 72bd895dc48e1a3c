// The packet catalogue of protocol version 1 in its JSON encoding (docs/protocol.md). This file knows shapes, no rules.
//
// On the wire a missing field or null means the zero value and the nil UUID is left out; decoding fills all of them in, so
// nobody after it needs to ask. "" is the nil UUID here.

import { kindNames, roleNames, typingNames, visibilityNames, type availabilityNames, type watchNames } from "./names.ts";
import type { UUID } from "./uuid.ts";

export type Role = (typeof roleNames)[number];
export type Kind = (typeof kindNames)[number];
export type Visibility = (typeof visibilityNames)[number];
export type TypingState = (typeof typingNames)[number];
export type Availability = (typeof availabilityNames)[number];

/** A message's body: a JSON object whose shape its kind decides. It was written by somebody else: check before use. */
export type Body = Record<string, unknown>;

export interface Position { conv: UUID; seq: number }
export interface GapItem { conv: UUID; top: number }
export interface Member { user: UUID; role: Role; name: string; delivered: number; read: number }

/** What a MESSAGE packet carries, which is also the HTTP API's Message. */
export interface Message {
  conv: UUID; seq: number; prev: number; mid: UUID; cmid: UUID; sender: UUID; role: Role; kind: Kind;
  visibility: Visibility; time: number; reply_to: UUID; body: Body;
}

/** The correlation id of a request and its reply; 0 if there is none. */
interface Rid { rid: number }

export interface Connack extends Rid {
  type: "connack"; version: number; session: UUID; user: UUID; role: Role; time: number; ping: number; pong: number;
  max_body: number; window: number; caps: number; conv: UUID;
}
export interface Ping extends Rid { type: "ping"; time: number }
export interface Pong extends Rid { type: "pong"; time: number }
export interface Disconnect extends Rid {
  type: "disconnect"; code: number; reconnect: boolean; soft: boolean; retry_after: number; reason: string;
}
export interface ErrorPacket extends Rid {
  type: "error"; code: number; retryable: boolean; retry_after: number; message: string; conv: UUID;
}
export interface Sendack extends Rid {
  type: "sendack"; conv: UUID; cmid: UUID; mid: UUID; seq: number; prev: number; time: number; dup: boolean;
}
export interface MessagePacket extends Rid, Message { type: "message" }
export interface Receipt extends Rid { type: "receipt"; conv: UUID; user: UUID; delivered: number; read: number }
export interface Typing extends Rid { type: "typing"; conv: UUID; user: UUID; state: TypingState; preview: string }
export interface Durable extends Rid { type: "durable"; items: Position[] }
export interface EventPacket extends Rid { type: "event"; name: string; conv: UUID; data: Body }
export interface Stream extends Rid {
  type: "stream"; conv: UUID; mid: UUID; offset: number; end: boolean; delta: string;
}
export interface Joined extends Rid {
  type: "joined"; conv: UUID; top: number; complete: boolean; members: Member[]; messages: Message[];
}
export interface Synced extends Rid { type: "synced"; conv: UUID; top: number; complete: boolean; messages: Message[] }
export interface Gap extends Rid { type: "gap"; items: GapItem[] }

/** Every packet a server may send. */
export type ServerPacket =
  | Connack | Ping | Pong | Disconnect | ErrorPacket | Sendack | MessagePacket | Receipt | Typing | Durable | EventPacket
  | Stream | Joined | Synced | Gap;

/** Every packet a client may send. Optional fields that are left out mean the zero value. */
export type ClientPacket =
  | { type: "connect"; rid?: number; min_version: number; max_version: number; token: string; device: UUID; caps?: number;
      page?: string; locale?: string; resume: Position[] }
  | { type: "ping" | "pong"; rid?: number; time: number }
  | { type: "send"; rid: number; dup?: boolean; conv: UUID; cmid: UUID; kind: Kind; visibility?: Visibility;
      reply_to?: UUID; body: Body }
  | { type: "read"; conv: UUID; seq: number }
  | { type: "typing"; conv: UUID; state: TypingState; preview?: string }
  | { type: "join"; rid: number; conv: UUID; after: number; limit: number }
  | { type: "leave"; conv: UUID }
  | { type: "sync"; rid: number; conv: UUID; after: number; before: number; limit: number }
  | { type: "status"; state: Availability }
  | { type: "track"; name: string; data: Body }
  | { type: "watch"; topic: (typeof watchNames)[number]; filter?: Body; offset?: number; limit?: number };

/** What a field holds: a number, string, boolean, UUID, JSON object, enum (its first name is the zero), or a list. */
type Shape = "number" | "string" | "bool" | "uuid" | "object" | readonly string[] | { list: Fields };
type Fields = Readonly<Record<string, Shape>>;

const message: Fields = {
  conv: "uuid", seq: "number", prev: "number", mid: "uuid", cmid: "uuid", sender: "uuid", role: roleNames, kind: kindNames,
  visibility: visibilityNames, time: "number", reply_to: "uuid", body: "object",
};
const member: Fields = { user: "uuid", role: roleNames, name: "string", delivered: "number", read: "number" };

const catalogue: Readonly<Record<ServerPacket["type"], Fields>> = {
  connack: {
    version: "number", session: "uuid", user: "uuid", role: roleNames, time: "number", ping: "number", pong: "number",
    max_body: "number", window: "number", caps: "number", conv: "uuid",
  },
  ping: { time: "number" },
  pong: { time: "number" },
  disconnect: { code: "number", reconnect: "bool", soft: "bool", retry_after: "number", reason: "string" },
  error: { code: "number", retryable: "bool", retry_after: "number", message: "string", conv: "uuid" },
  sendack: { conv: "uuid", cmid: "uuid", mid: "uuid", seq: "number", prev: "number", time: "number", dup: "bool" },
  message,
  receipt: { conv: "uuid", user: "uuid", delivered: "number", read: "number" },
  typing: { conv: "uuid", user: "uuid", state: typingNames, preview: "string" },
  durable: { items: { list: { conv: "uuid", seq: "number" } } },
  event: { name: "string", conv: "uuid", data: "object" },
  stream: { conv: "uuid", mid: "uuid", offset: "number", end: "bool", delta: "string" },
  joined: { conv: "uuid", top: "number", complete: "bool", members: { list: member }, messages: { list: message } },
  synced: { conv: "uuid", top: "number", complete: "bool", messages: { list: message } },
  gap: { items: { list: { conv: "uuid", top: "number" } } },
};

const nil = "00000000-0000-0000-0000-000000000000";

function isObject(v: unknown): v is Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}

function field(v: unknown, shape: Shape): unknown {
  switch (shape) {
    case "number":
      return typeof v === "number" ? v : 0;
    case "string":
      return typeof v === "string" ? v : "";
    case "bool":
      return v === true;
    case "uuid":
      return typeof v === "string" && v !== nil ? v : "";
    case "object":
      return isObject(v) ? v : {};
  }
  if ("list" in shape) {
    return Array.isArray(v) ? v.filter(isObject).map((item) => fill(item, shape.list)) : [];
  }
  return shape.includes(v as string) ? v : shape[0];
}

function fill(raw: Record<string, unknown>, fields: Fields): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) out[name] = field(raw[name], fields[name]!);
  return out;
}

/** Brings a message that came over HTTP into the same complete form as one from the socket. */
export function completeMessage(raw: unknown): Message {
  return fill(isObject(raw) ? raw : {}, message) as unknown as Message;
}

/**
 * Decodes one text message of the socket: a packet or an array of them. Unknown packet types and fields are left out, as
 * newer servers may send them. Throws SyntaxError if the text is not JSON.
 */
export function decode(text: string): ServerPacket[] {
  const parsed: unknown = JSON.parse(text);
  const out: ServerPacket[] = [];
  for (const raw of Array.isArray(parsed) ? parsed : [parsed]) {
    if (!isObject(raw) || typeof raw.type !== "string" || !Object.hasOwn(catalogue, raw.type)) continue;
    const type = raw.type as ServerPacket["type"];
    const packet = fill(raw, catalogue[type]);
    packet.type = type;
    packet.rid = typeof raw.rid === "number" ? raw.rid : 0;
    if (type === "joined" || type === "synced") adoptPage(packet as unknown as Joined | Synced);
    out.push(packet as unknown as ServerPacket);
  }
  return out;
}

/** Messages of a page belong to the page's conversation even if they don't repeat its id. */
function adoptPage(page: Joined | Synced): void {
  for (const m of page.messages) m.conv ||= page.conv;
}

/** Encodes one packet. Fields with zero values that mean "none" are left out; bodies stay as they are. */
export function encode(packet: ClientPacket): string {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(packet)) {
    if (value !== "" && value !== false && value !== undefined) out[name] = value;
  }
  return JSON.stringify(out);
}

/**
 * Makes text fit for a message: U+0000 and lone surrogates are refused by servers (protocol rule 2), so they are taken
 * out here, where a person can still see the result.
 */
export function cleanText(text: string): string {
  // With the u flag a surrogate range matches only those that are not half of a pair.
  return text.replace(/\0/g, "").replace(/[\uD800-\uDFFF]/gu, "\uFFFD");
}
