import assert from "node:assert/strict";
import { test } from "node:test";
import { TestStorage } from "../testing/clock.ts";
import { DatabaseEntries, type Database } from "./entries.ts";
import { Outbox } from "./outbox.ts";

/** A database whose writes are done when the test says so. */
class TestDatabase implements Database {
  readonly rows = new Map<string, string>();
  held: (() => void)[] | null = null;

  private when(f: () => void): Promise<void> {
    if (this.held === null) {
      f();
      return Promise.resolve();
    }
    return new Promise((done) => this.held!.push(() => { f(); done(); }));
  }

  all(): Promise<[string, string][]> { return Promise.resolve([...this.rows]); }
  put(k: string, v: string): Promise<void> { return this.when(() => this.rows.set(k, v)); }
  delete(k: string): Promise<void> { return this.when(() => this.rows.delete(k)); }
}

const key = (n: number) => `uniqchat:out:visitor:v:${n}`;
const open = async (db: Database | null, journal: TestStorage | null) => {
  const e = new DatabaseEntries(Promise.resolve(db), journal);
  await e.refresh();
  return e;
};
const tick = () => new Promise((done) => setTimeout(done, 0));

test("a write stands in the journal until the database has it", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  const e = await open(db, journal);
  db.held = [];
  e.setItem(key(1), "a");
  assert.equal(journal.getItem(key(1)), "a");
  const next = await open(new TestDatabase(), journal); // the page dies here; its next life
  assert.equal(next.getItem(key(1)), "a");
  journal.setItem(key(1), "a");
  db.held.forEach((f) => f());
  await tick();
  assert.equal(journal.getItem(key(1)), null);
  assert.equal(db.rows.get(key(1)), "a");
});

test("what web storage held before moves into the database", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  journal.setItem(key(1), "old");
  journal.setItem("else", "stays");
  const e = await open(db, journal);
  await tick();
  assert.deepEqual([e.length, e.key(0), e.getItem(key(1)), db.rows.get(key(1)), journal.length, journal.getItem("else")], [1, key(1), "old", "old", 1, "stays"]);
});

test("what is removed stays removed, whatever the database is about to do", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  const e = await open(db, journal);
  db.held = [];
  e.setItem(key(1), "a");
  e.removeItem(key(1));
  await e.refresh();
  assert.equal(e.length, 0);
  db.held.splice(0).forEach((f) => f());
  await tick();
  db.held.forEach((f) => f());
  await tick();
  assert.equal(db.rows.size, 0);
});

test("another tab's writes are seen after a refresh, own ones survive it", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  const [a, b] = [await open(db, journal), await open(db, journal)];
  new Outbox("visitor:v", a).add("c", "text", "public", { text: "hi" }, "tab a");
  const refreshing = b.refresh();
  b.setItem(key(9), "{}");
  await refreshing;
  assert.equal(new Outbox("visitor:v", b).all()[0]?.body["text"], "hi");
  assert.equal(b.getItem(key(9)), "{}");
});

test("without a database the journal does, without a journal the database; without both it says so", async () => {
  const journal = new TestStorage();
  (await open(null, journal)).setItem(key(1), "a");
  assert.equal(journal.getItem(key(1)), "a");
  const db = new TestDatabase();
  (await open(db, null)).setItem(key(1), "a");
  assert.equal(db.rows.get(key(1)), "a");
  const none = await open(null, null);
  assert.throws(() => none.setItem(key(1), "a"));
  await none.refresh();
  assert.equal(none.getItem(key(1)), "a");
  none.removeItem(key(1));
  await none.refresh();
  assert.equal(none.getItem(key(1)), null);
});

test("a database that opens late is taken in: what it holds is shown, what was written meanwhile moves into it", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  db.rows.set(key(1), "kept");
  let opened: (db: Database | null) => void = () => {};
  const e = new DatabaseEntries(new Promise((done) => { opened = done; }), journal);
  let late = 0;
  e.late = () => late++;
  e.setItem(key(2), "new");
  assert.deepEqual([e.getItem(key(2)), journal.getItem(key(2))], ["new", "new"]);
  e.removeItem(key(3));
  db.rows.set(key(3), "sent by now");
  await e.refresh(); // it is not waited for
  assert.deepEqual([e.length, late], [1, 0]);
  opened(db);
  await tick();
  assert.deepEqual([e.getItem(key(1)), e.getItem(key(2)), e.getItem(key(3)), late], ["kept", "new", null, 1]);
  assert.deepEqual([[...db.rows.keys()].sort(), journal.length], [[key(1), key(2)], 0]);
});

test("what is removed while the database opens is not brought back when it has", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  let opened: (db: Database | null) => void = () => {};
  const e = new DatabaseEntries(new Promise((done) => { opened = done; }), journal);
  e.setItem(key(1), "discarded");
  const looked = e.refresh();
  e.removeItem(key(1));
  assert.equal(await looked, false, "it was not waited for");
  let read: () => void = () => {};
  db.all = async () => { await new Promise<void>((done) => { read = done; }); return [...db.rows]; };
  opened(db);
  await tick();
  read();
  await tick();
  assert.deepEqual([e.length, db.rows.size, journal.length], [0, 0, 0]);
  db.all = async () => [...db.rows];
  assert.equal(await e.refresh(), true);
});

test("a database that does not answer, or can't be read, takes nothing away", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  db.rows.set(key(1), "kept");
  const e = await open(db, journal);
  for (const all of [() => new Promise<never>(() => {}), () => Promise.reject(new Error("broken"))]) {
    db.all = all;
    await e.refresh();
    assert.equal(e.getItem(key(1)), "kept");
  }
  journal.setItem(key(2), "of another tab");
  await e.refresh();
  assert.equal(e.getItem(key(2)), "of another tab");
});

test("what others keep in web storage is left where it is", async () => {
  const [db, journal] = [new TestDatabase(), new TestStorage()];
  journal.setItem("uniqchat:out:agent:a:1", "a note");
  const e = await open(db, journal);
  await tick();
  assert.deepEqual([e.length, db.rows.size, journal.length], [0, 0, 1]);
});
