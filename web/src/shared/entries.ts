// DatabaseEntries: storage for an Outbox in IndexedDB, which holds more than web storage and doesn't block the page. Reads
// come from memory. A write stands in web storage (the journal) until the database has it, so that a page which dies in
// between loses nothing; what earlier versions kept there is taken over the same way. It knows nothing of what it keeps.

import type { EntryStorage } from "./outbox.ts";

/** The part of a key-value database that DatabaseEntries uses. */
export interface Database {
  all(): Promise<[key: string, value: string][]>;
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

const prefix = "uniqchat:out:visitor:"; // others, as the console, keep theirs in web storage
const patience = 2_000;

export class DatabaseEntries implements EntryStorage {
  private map = new Map<string, string>();
  private keys: string[] | null = null;
  /** What was removed here and may still stand in the database. */
  private readonly removed = new Set<string>();
  /** What was written here while the database is being opened or read, which may have missed it. */
  private readonly fresh = new Map<string, string>();
  private reading = 1;
  private db: Database | null = null;
  private readonly opened: Promise<void>;
  /** The database has answered after nobody waited for it any more. */
  late: () => void = () => {};

  /** What the journal has is there at once, the rest after a refresh. db null: there is only the journal; journal null: only the database. */
  constructor(db: Promise<Database | null>, private readonly journal: EntryStorage | null) {
    this.merge([], []);
    this.opened = db.then((db) => {
      this.db = db;
      this.reading--;
      this.merge([], this.map);
      const removed = [...this.removed];
      this.removed.clear();
      for (const key of removed) this.drop(key);
      for (const [key, value] of [...this.journalled(), ...this.fresh]) this.store(key, value);
      this.settle();
    });
  }

  get length(): number {
    return this.list().length;
  }

  key(index: number): string | null {
    return this.list()[index] ?? null;
  }

  getItem(key: string): string | null {
    return this.map.get(key) ?? null;
  }

  /** Keeps a value. Throws if there is no place that takes it. */
  setItem(key: string, value: string): void {
    this.map.set(key, value);
    this.keys = null;
    this.removed.delete(key);
    if (this.reading > 0) this.fresh.set(key, value);
    let refused: unknown = null;
    try {
      this.journal!.setItem(key, value);
    } catch (e) {
      refused = e; // full, or none: the database alone has to do
    }
    this.store(key, value);
    if (this.db !== null || refused === null) return;
    this.fresh.set(key, value);
    throw refused;
  }

  removeItem(key: string): void {
    this.map.delete(key);
    this.keys = null;
    this.fresh.delete(key);
    this.forget(key);
    this.drop(key);
  }

  /** Reads everything again, because another tab wrote. A database that does not answer is not waited for: false. */
  async refresh(): Promise<boolean> {
    let late = false;
    const read = this.read().then(() => { if (late) this.late(); });
    await Promise.race([read, new Promise((done) => setTimeout(() => done((late = true)), patience))]);
    return !late;
  }

  private async read(): Promise<void> {
    this.merge([], this.map);
    await this.opened;
    const before = this.journalled(); // what moves into the database meanwhile; not what stood there before a long wait: it may be gone
    this.reading++;
    const stored = await (this.db?.all() ?? Promise.resolve([])).catch(() => this.map); // what can't be read is as it was
    this.reading--;
    this.merge(before, stored);
    if (this.reading === 0) this.settle();
  }

  /** What was written and removed meanwhile stands where it belongs; what nothing has taken stays here. */
  private settle(): void {
    if (this.db !== null) this.fresh.clear();
    else {
      this.removed.clear();
      for (const [key] of this.journalled()) this.fresh.delete(key);
    }
  }

  private merge(before: Iterable<[string, string]>, stored: Iterable<[string, string]>): void {
    const map = new Map(stored);
    for (const [key, value] of [...before, ...this.journalled(), ...this.fresh]) map.set(key, value); // newer, each of them
    for (const key of this.removed) map.delete(key);
    this.map = map;
    this.keys = null;
  }

  private list(): string[] {
    return (this.keys ??= [...this.map.keys()]);
  }

  private journalled(): [string, string][] {
    const out: [string, string][] = [];
    try {
      for (let i = 0; i < (this.journal?.length ?? 0); i++) {
        const key = this.journal!.key(i);
        const value = key?.startsWith(prefix) === true ? this.journal!.getItem(key) : null;
        if (key !== null && value !== null) out.push([key, value]);
      }
    } catch {
      // Forbidden: nothing stands there.
    }
    return out;
  }

  private store(key: string, value: string): void {
    this.db?.put(key, value).then(() => {
      if (!this.map.has(key)) void this.db?.delete(key).catch(() => {}); // removed while it was on its way
      else if (this.map.get(key) === value && this.journalled().some((e) => e[0] === key && e[1] === value)) this.forget(key);
    }, () => {}); // the journal still has it
  }

  private drop(key: string): void {
    if (this.db === null && this.reading === 0) return;
    this.removed.add(key);
    this.db?.delete(key).then(() => this.removed.delete(key), () => {});
  }

  private forget(key: string): void {
    try {
      this.journal?.removeItem(key);
    } catch {
      // What can't be written was not holding it.
    }
  }
}

/** Opens a database of the browser; null where there is none (privacy modes). It may take its time. */
export function openDatabase(name: string): Promise<Database | null> {
  return new Promise((done) => {
    try {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("entries");
      request.onsuccess = () => done(wrap(request.result));
      request.onerror = () => done(null);
    } catch {
      done(null);
    }
  });
}

function wrap(db: IDBDatabase): Database {
  const write = (f: (s: IDBObjectStore) => void) => new Promise<void>((done, fail) => {
    const tx = db.transaction("entries", "readwrite");
    tx.oncomplete = () => done();
    tx.onerror = tx.onabort = () => fail(tx.error);
    f(tx.objectStore("entries"));
    tx.commit?.(); // leaves the page at once, even if that is closing
  });
  return {
    put: async (key, value) => write((s) => s.put(value, key)),
    delete: async (key) => write((s) => s.delete(key)),
    all: () => new Promise((done, fail) => {
      const store = db.transaction("entries").objectStore("entries");
      const keys = store.getAllKeys();
      const values = store.getAll();
      values.onsuccess = () => done(keys.result.map((k, i) => [String(k), String(values.result[i])]));
      values.onerror = () => fail(values.error);
    }),
  };
}
