import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded, TestClock, TestStorage } from "../testing/clock.ts";
import { ModelServer } from "../testing/server.ts";
import { AgentClient } from "./agent.ts";
import type { ClientHandlers } from "./client.ts";
import { Outbox } from "./outbox.ts";
import type { Role } from "./packets.ts";
import { uuidv4, uuidv7, type UUID } from "./uuid.ts";

const visitor = uuidv4();
const agent = uuidv4();
const tokens = new Map<string, { user: string; role: Role }>([
  ["v", { user: visitor, role: "visitor" }], ["a", { user: agent, role: "agent" }],
]);

/** One page load: a client and the conversation it shows. */
class Page {
  conv: UUID = "";
  readonly client: AgentClient;
  readonly sent: string[] = [];

  constructor(
    readonly server: ModelServer, readonly token: string, readonly storage: TestStorage, random: () => number,
    more: ClientHandlers = {},
  ) {
    const clock = server.o.clock;
    this.client = new AgentClient({
      clock, random,
      credentials: async () => ({ url: "ws://test", token }),
      outbox: new Outbox(token, storage, () => clock.now()),
      dial: () => server.dial(),
      handlers: {
        onReady: (c) => c.conv !== "" && this.show(c.conv),
        onMoved: (_from, to) => this.show(to),
        onMessage: (m) => this.conv === "" && this.show(m.conv),
        ...more,
      },
    });
    storage.listeners.add(this.heard);
    this.client.start();
  }

  private eventPending = false;
  /** Storage events come a moment later. */
  private readonly heard = (): void => {
    if (this.eventPending) return;
    this.eventPending = true;
    this.server.o.clock.after(20, () => {
      this.eventPending = false;
      if (this.storage.listeners.has(this.heard)) this.client.outboxChanged();
    });
  };

  /** The tab is closed or reloaded. */
  end(): void {
    this.storage.listeners.delete(this.heard);
    this.client.stop();
  }

  show(conv: UUID, fresh = false): void {
    this.conv = conv;
    this.client.open(conv, fresh);
  }

  write(text: string): void {
    if (this.conv === "") {
      if (this.token === "a") return;
      this.show(uuidv7(this.server.o.clock.now()), true);
    }
    this.client.send(this.conv, "text", { text }, this.token === "a" && text.endsWith("0") ? "internal" : "public");
    this.sent.push(text);
  }
}

/** One random life of a visitor in two tabs and an agent. Afterwards everybody must hold what the server holds. */
async function life(seed: number): Promise<void> {
  const random = seeded(seed);
  const clock = new TestClock(1_800_000_000_000 + seed * 10_000_000);
  const o = { clock, random, trouble: seed % 5 === 0 ? 0 : random() };
  const server = new ModelServer(o, tokens);
  const visitorStore = new TestStorage();
  const agentStore = new TestStorage();
  const pages = [new Page(server, "v", visitorStore, random), new Page(server, "v", visitorStore, random), new Page(server, "a", agentStore, random)];
  const texts: string[] = [];
  let n = 0;
  for (let step = 0; step < 60; step++) {
    const at = Math.floor(random() * 3);
    const page = pages[at]!;
    const r = random();
    if (page.token === "a" && page.conv === "" && server.convs.size > 0) page.show([...server.convs.keys()][0]!);
    if (r < 0.55) page.write(`${page.token}${n++}`);
    else if (r < 0.6) server.breakSome();
    else if (r < 0.64 && o.trouble > 0.3) server.crash(Math.floor(random() * 4));
    else if (r < 0.7) for (const c of server.convs.values()) server.close(c);
    else if (r < 0.78) { // reload: a new page over the same storage
      texts.push(...page.sent);
      page.end();
      pages[at] = new Page(server, page.token, page.token === "v" ? visitorStore : agentStore, random);
      if (page.token === "a" && page.conv !== "") pages[at].show(page.conv);
    } else if (r < 0.84 && page.conv !== "" && page.token === "a") {
      page.client.leave(page.conv);
      page.show(page.conv);
    } else if (r < 0.9 && page.conv !== "") page.client.loadOlder(page.conv);
    await clock.pass(Math.floor(random() * (random() < 0.5 ? 100 : 1500)));
  }
  o.trouble = 0;
  await clock.pass(120_000);
  // The model also loses pushes without a GAP; the next message shows that.
  for (const c of server.convs.values()) server.system(c, "last", "public");
  await clock.pass(60_000);
  for (const p of pages) texts.push(...p.sent);
  // A closed conversation may have been followed by another one, so look at what each page shows.
  for (const page of pages) {
    if (page.conv === "") continue;
    const log = page.client.log(page.conv)!;
    for (let i = 0; i < 100 && log.hasOlder; i++) {
      page.client.loadOlder(page.conv);
      await clock.pass(1000);
    }
    const want = server.view(server.convs.get(page.conv)!, page.token === "v" ? "visitor" : "agent");
    assert.deepEqual(log.messages.map((m) => m.mid), want.map((m) => m.mid), `seed ${seed}: ${page.token} sees the log`);
    assert.deepEqual(log.messages.map((m) => m.body), want.map((m) => m.body));
    assert.equal(page.client.outbox.all().length, 0, `seed ${seed}: the outbox is empty`);
  }
  const stored = [...server.convs.values()].flatMap((c) => c.entries).filter((e) => e.kind === "text").map((e) => e.body.text as string);
  assert.deepEqual([...stored].sort(), [...texts].sort(), `seed ${seed}: everything exactly once`);
}

test("any interleaving of trouble ends with everybody holding the server's log", async () => {
  const only = Number(process.env.SEED ?? 0);
  const runs = Number(process.env.RUNS ?? 200);
  for (let seed = only || 1; seed <= (only || runs); seed++) await life(seed);
});

test("a new connection says first what nobody repeats, and of what was read only the newest", async () => {
  const clock = new TestClock();
  const server = new ModelServer({ clock, random: seeded(7), trouble: 0 }, tokens);
  const page = new Page(server, "a", new TestStorage(), seeded(8), { onReady: () => { page.client.status("busy"); page.client.watchInbox(); } });
  await clock.pass(1_000);
  const convs = Array.from({ length: 250 }, () => uuidv4());
  for (const [i, conv] of convs.entries()) page.client.read(conv, i + 1);
  page.client.read(convs[0]!, 900); // the oldest becomes the newest
  await clock.pass(1_000);

  const heard: Record<string, unknown>[] = [];
  const receive = server.receive.bind(server);
  server.receive = (wire, p) => {
    heard.push(p);
    receive(wire, p);
  };
  for (const wire of [...server.wires]) wire.break();
  await clock.pass(5_000);
  assert.deepEqual(heard.slice(0, 3).map((p) => p.type), ["connect", "status", "watch"]);
  const reads = heard.slice(3);
  assert.ok(reads.every((p) => p.type === "read"));
  assert.ok(heard.length < 150, `${heard.length} packets: the server takes 200 in a second`);
  assert.deepEqual(reads.map((p) => p.conv), [...convs.slice(1 - reads.length), convs[0]]);
  assert.equal(reads.at(-1)!.seq, 900);
});
