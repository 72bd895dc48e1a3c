// The parts of a browser that the widget uses without drawing, for tests: a storage and a channel that all tabs share, locks, a clock, and a
// network. All tabs are in one process.

export interface Asked { bearer: string; language: string; body: Record<string, unknown> }

/** A storage as browsers have it. */
export class Store {
  private readonly map = new Map<string, string>();
  /** How often something was written. */
  written = 0;

  constructor(private readonly keeps: () => boolean) {}

  getItem(key: string): string | null {
    return this.map.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (!this.keeps()) throw new Error("full");
    this.written++;
    this.map.set(key, value);
  }

  removeItem(key: string): void {
    this.map.delete(key);
  }

  get length(): number {
    return this.map.size;
  }

  key(index: number): string | null {
    return [...this.map.keys()][index] ?? null;
  }
}

const global = globalThis as unknown as Record<string, unknown>;
let current: Browser | null = null;
const realNow = Date.now;
Date.now = () => current?.now() ?? realNow();
const through = (part: "store" | "session") => new Proxy({}, { get: (_, name) => {
  const v = current![part][name as "setItem" | "length"];
  return typeof v === "function" ? v.bind(current![part]) : v;
} });
global["window"] = global;
global["addEventListener"] = () => {};
global["document"] = { addEventListener: () => {}, visibilityState: "visible" };
global["location"] = { href: "https://shop.example/" };
global["localStorage"] = through("store");
global["sessionStorage"] = through("session");
global["fetch"] = async (_: string, { headers, body }: { headers: Record<string, string>; body: string }) =>
  current!.answer({ bearer: (headers["Authorization"] ?? "").replace("Bearer ", ""), language: new Headers(headers).get("Accept-Language") ?? "", body: JSON.parse(body) as Asked["body"] });

class Channel {
  /** What comes for it waits, as in a page that is frozen. */
  frozen: (() => void)[] | null = null;
  static readonly all = new Set<Channel>();
  onmessage: ((e: { data: unknown }) => void) | null = null;

  constructor(private readonly name: string) {
    if (current!.forbids === "channel") throw new DOMException("no channels here", "SecurityError");
    Channel.all.add(this);
  }

  postMessage(data: unknown): void {
    const copy = structuredClone(data);
    for (const c of Channel.all) if (c !== this && c.name === this.name) setTimeout(() => {
      const hear = () => c.onmessage?.({ data: copy });
      if (c.frozen === null) hear();
      else c.frozen.push(hear);
    }, 0);
  }
}
global["BroadcastChannel"] = Channel;

/** A socket, whose other end the test is. */
export class Socket {
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  readonly sent: Record<string, unknown>[] = [];

  constructor() {
    current!.sockets.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  says(packet: object): void {
    this.onmessage?.({ data: JSON.stringify(packet) });
  }
}
global["WebSocket"] = Socket;

/** A browser; the one that was made last is the one there is. */
export class Browser {
  keeps = true;
  /** What throws when it is used, as where the browser keeps all data of a site from it. */
  forbids: "" | "locks" | "channel" = "";
  now: () => number = realNow;
  readonly store = new Store(() => this.keeps);
  readonly session = new Store(() => this.keeps);
  readonly sockets: Socket[] = [];
  private readonly locks = new Map<string, { run(): void; lost(why: unknown): void }[]>();

  constructor(readonly answer: (asked: Asked) => Response) {
    current = this;
    Channel.all.clear();
    type Options = { signal?: AbortSignal; steal?: boolean };
    const request = (name: string, ...more: [Options, () => Promise<unknown>] | [() => Promise<unknown>]) => {
      if (this.forbids === "locks") return Promise.reject(new DOMException("no locks here", "SecurityError"));
      const [f, o]: [() => Promise<unknown>, Options] = more.length === 1 ? [more[0], {}] : [more[1], more[0]];
      const line = this.locks.get(name) ?? [];
      this.locks.set(name, line);
      return new Promise((done, fail) => {
        const mine = { lost: fail, run: () => void f().then(done, fail).finally(() => {
          if (line[0] !== mine) return; // it was stolen
          line.shift();
          line[0]?.run();
        }) };
        o.signal?.addEventListener("abort", () => {
          const at = line.indexOf(mine);
          if (at <= 0) return; // who has it keeps it
          line.splice(at, 1);
          fail(o.signal!.reason);
        });
        if (o.steal === true) {
          const old = line.shift();
          const tell = () => old?.lost(new DOMException("stolen", "AbortError"));
          const frozen = [...Channel.all].find((c) => c.frozen !== null)?.frozen ?? null;
          if (frozen === null) tell();
          else frozen.push(tell);
        }
        line.splice(o.steal === true ? 0 : line.length, 0, mine);
        if (line[0] === mine) queueMicrotask(mine.run);
      });
    };
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: { locks: { request } } });
  }

  /** Keeps a tab from hearing anything, of the others and of its lock, as when it is frozen. The first is 0. */
  freeze(tab: number): void {
    [...Channel.all][tab]!.frozen = [];
  }

  /** Lets a tab go on: it hears everything, late. */
  wake(tab: number): void {
    const c = [...Channel.all][tab]!;
    const missed = c.frozen!;
    c.frozen = null;
    for (const hear of missed) hear();
  }
}
