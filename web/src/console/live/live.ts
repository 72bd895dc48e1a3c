// Live: the one connection to the server by the protocol, for every screen. What the server says there goes into the kept answers
// of the API (api/query.ts): they are read again when an EVENT names them, and all of them after a gap.

import { createContext, use, useEffect, useSyncExternalStore } from "react";
import { localStore, watchBrowser } from "../../shared/browser.ts";
import { AgentClient } from "../../shared/agent.ts";
import { CredentialsError, type LinkState } from "../../shared/link.ts";
import { Outbox } from "../../shared/outbox.ts";
import type { Availability, EventPacket, Message, Stream } from "../../shared/packets.ts";
import { access, ApiError, call } from "../api/client.ts";
import { refresh, refreshAll, refreshConversations } from "../api/query.ts";
import type { Agent } from "../api/schema.ts";
import { keepTokens, tokens, watchTokens } from "../api/tokens.ts";
import { locale } from "../i18n/index.ts";
import { reason } from "../ui/problem.tsx";
import { Bell } from "./bell.ts";
import { settingsPaths, Sometime, Throttle } from "./stale.ts";
import { Standing } from "./standing.ts";

/** What a pressed node leaves out for a while: each also what stands before it. */
export type LeftOut = "normal" | "presence" | "typing" | "board" | "ai";
const levels: readonly LeftOut[] = ["normal", "presence", "typing", "board", "ai"];

interface Heard { leftOut: LeftOut; state: LinkState; change: string; message: Message; event: EventPacket; stream: Stream; refused: string; status: Availability }
type Listeners = { [K in keyof Heard]: Set<(x: Heard[K]) => void> };

export class Live {
  readonly client: AgentClient;
  readonly me: Agent;
  readonly bell = new Bell();
  private readonly listeners: Listeners = { leftOut: new Set(), state: new Set(), change: new Set(), message: new Set(), event: new Set(), stream: new Set(), refused: new Set(), status: new Set() };
  private stale = new Set<string>();
  private allStale = false;
  private readonly lists = new Throttle(400, 3_000, () => {
    const named = this.allStale ? null : this.stale;
    this.stale = new Set();
    this.allStale = false;
    refreshConversations(named);
    refresh("/reports/queue");
  });
  private readonly there = new Map<string, boolean>();
  private connections = 0;
  private readonly caughtUp = new Sometime(5_000, refreshAll);
  private watched = false;
  private missing: LeftOut = "normal";
  private readonly standing: Standing;
  private unfollow: () => void = () => undefined;

  constructor() {
    const t = tokens();
    if (t === null) throw new Error("nobody is logged in");
    this.me = t.agent;
    this.standing = new Standing(this.me.id, (s) => this.client.status(s), (s) => this.tell("status", s));
    this.client = new AgentClient({
      credentials, outbox: new Outbox(`agent:${this.me.id}`, localStore), locale: locale(),
      handlers: {
        onState: (s) => this.state(s),
        onReady: () => this.ready(),
        onChange: (conv) => this.tell("change", conv),
        onRefused: (conv) => this.tell("refused", conv),
        onMessage: (m) => this.message(m),
        onEvent: (e) => this.event(e),
        onStream: (p) => this.tell("stream", p),
      },
    });
  }

  start(): void {
    if (!this.watched) watchBrowser(this.client);
    this.watched = true;
    this.unfollow();
    this.unfollow = this.standing.follow();
    this.client.start();
  }

  stop(): void {
    this.client.stop();
    this.unfollow();
    this.caughtUp.clear();
    this.lists.clear();
  }

  /** How this agent stands. */
  get status(): Availability {
    return this.standing.now;
  }

  setStatus(s: Availability): void {
    this.standing.say(s);
  }

  /** Calls f for each thing of a kind until the result is called. */
  on<K extends keyof Heard>(what: K, f: (x: Heard[K]) => void): () => void {
    this.listeners[what].add(f);
    return () => {
      this.listeners[what].delete(f);
    };
  }

  private tell<K extends keyof Heard>(what: K, x: Heard[K]): void {
    for (const f of this.listeners[what]) f(x);
  }

  private state(s: LinkState): void {
    if (s.name === "ended" && tokens() === null) return; // the page shows the log-in
    this.tell("state", s);
  }

  /** What the node that this connection goes to leaves out. */
  get leftOut(): LeftOut {
    return this.missing;
  }

  private leavesOut(now: LeftOut): void {
    if (now === this.missing) return;
    if (now !== "normal") this.there.clear(); // changes are not told any more
    const less = levels.indexOf(now) < levels.indexOf(this.missing);
    this.missing = now;
    this.tell("leftOut", now);
    if (less) this.caughtUp.touch(); // what was left out is not told later
  }

  private ready(): void {
    this.leavesOut("normal"); // or an EVENT says so right away
    this.standing.connected();
    this.client.watchInbox();
    if (this.connections++ > 0) refreshAll(); // EVENTs are not repeated
    this.there.clear();
  }

  private message(m: Message): void {
    this.stale.add(m.conv);
    this.lists.touch();
    this.tell("message", m);
    this.bell.message(m, this.me.id);
  }

  /** Whether a visitor is there, if this connection was told. */
  online(visitor: string): boolean | undefined {
    return this.there.get(visitor);
  }

  private visitor(id: string, online: boolean): void {
    const before = this.there.get(id);
    this.there.set(id, online);
    if (!online || before === false) refresh("/visitors"); // what it did meanwhile, and since when it is not seen
  }

  private event(e: EventPacket): void {
    switch (e.name) {
      case "inbox.changed":
        if (e.data["more"] === true) this.allStale = true;
        for (const id of Array.isArray(e.data["conversations"]) ? e.data["conversations"] : []) this.stale.add(String(id));
        this.lists.touch();
        break;
      case "queue.changed": this.lists.touch(); break;
      case "agent.status":
        this.standing.heard(e);
        refresh("/agents", "/reports/agents");
        break;
      case "settings.changed": refresh(...settingsPaths(String(e.data["kind"] ?? ""))); break;
      case "visitor.online": this.visitor(String(e.data["visitor_id"]), e.data["online"] === true); break;
      case "load.changed": this.leavesOut(levels.find((l) => l === e.data["left_out"]) ?? "normal"); break;
    }
    this.tell("event", e);
  }
}

/** Credentials for the live connection: a renewed token after one was refused. */
async function credentials(renew: boolean): Promise<{ url: string; token: string }> {
  try {
    const have = await access(renew ? tokens()?.access_token : "");
    return { url: have.ws_url, token: have.access_token };
  } catch (e) {
    if (e instanceof ApiError) throw new CredentialsError(reason(e), e.status === 401, e.retryAfter);
    throw e;
  }
}

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = use(LiveContext);
  if (live === null) throw new Error("no live connection here");
  return live;
}

/** Who is logged in, as the last answer to a log-in or a renewal has it. */
export function useMe(): Agent {
  const { me } = useLive();
  const now = useSyncExternalStore(watchTokens, tokens)?.agent;
  return now?.id === me.id ? now : me;
}

export function useLinkState(): LinkState {
  const live = useLive();
  return useSyncExternalStore((f) => live.on("state", f), () => live.client.state);
}

export function useLeftOut(): LeftOut {
  const live = useLive();
  return useSyncExternalStore((f) => live.on("leftOut", f), () => live.leftOut);
}

export function useStatus(): Availability {
  const live = useLive();
  return useSyncExternalStore((f) => live.on("status", f), () => live.status);
}

/** Whether a visitor is there; undefined if nothing was told. */
export function useOnline(visitor: string): boolean | undefined {
  const live = useLive();
  return useSyncExternalStore((f) => {
    const ends = [live.on("event", f), live.on("state", f), live.on("leftOut", f)];
    return () => ends.forEach((end) => end());
  }, () => (live.client.state.name === "online" ? live.online(visitor) : undefined));
}

/** Calls f for each EVENT of a name while the component is shown. */
export function useEvent(name: string, f: (e: EventPacket) => void): void {
  const live = useLive();
  useEffect(() => live.on("event", (e) => { if (e.name === name) f(e); }));
}

/** Ends the session on this and every other tab. */
export async function logout(): Promise<void> {
  await call("POST /auth/logout", {}).catch(() => undefined);
  keepTokens(null);
}
