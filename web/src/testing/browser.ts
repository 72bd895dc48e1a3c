// The parts of a browser that a widget's session uses, for tests: a storage that all tabs share, locks, a clock, and a network.

export interface Asked { bearer: string; body: Record<string, unknown> }

/** A storage as browsers have it. */
export class Store {
  private readonly map = new Map<string, string>();

  constructor(private readonly keeps: () => boolean) {}

  getItem(key: string): string | null {
    return this.map.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (!this.keeps()) throw new Error("full");
    this.map.set(key, value);
  }

  removeItem(key: string): void {
    this.map.delete(key);
  }
}

const global = globalThis as unknown as Record<string, unknown>;
let current: Browser | null = null;
const realNow = Date.now;
Date.now = () => current?.now() ?? realNow();
const through = (part: "store" | "session") => new Proxy({}, { get: (_, name) => (...args: [string, string]) => current![part][name as "setItem"](...args) });
global["window"] = global;
global["localStorage"] = through("store");
global["sessionStorage"] = through("session");
global["fetch"] = async (_: string, { headers, body }: { headers: Record<string, string>; body: string }) =>
  current!.answer({ bearer: (headers["Authorization"] ?? "").replace("Bearer ", ""), body: JSON.parse(body) as Asked["body"] });

/** A browser; the one that was made last is the one there is. */
export class Browser {
  keeps = true;
  now: () => number = realNow;
  readonly store = new Store(() => this.keeps);
  readonly session = new Store(() => this.keeps);
  private last: Promise<unknown> = Promise.resolve();

  constructor(readonly answer: (asked: Asked) => Response) {
    current = this;
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: {
      locks: { request: (_: string, f: () => Promise<unknown>) => (this.last = this.last.catch(() => {}).then(f)) },
    } });
  }
}
