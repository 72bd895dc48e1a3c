import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "../testing/browser.ts";
import type { Links } from "./links.ts";
import type { Room } from "./room.ts";

const { Uploads } = await import("./uploads.ts");

/** A request as browsers have it, whose answer the test gives. */
class Request {
  static all: Request[] = [];
  upload = {};
  status = 201;
  responseText = JSON.stringify({ url: "/f/1", name: "a.txt", size: 1, mime: "text/plain", link: {} });
  onload = () => {};
  onabort = () => {};
  aborted = false;
  open(): void {}
  setRequestHeader(): void {}
  getResponseHeader(): null { return null; }
  send(): void { Request.all.push(this); }
  abort(): void { this.aborted = true; this.onabort(); }
}
(globalThis as unknown as Record<string, unknown>)["XMLHttpRequest"] = Request;

function setUp() {
  new Browser(() => new Response(""));
  Request.all = [];
  const sent: unknown[] = [];
  const tokens: ((headers: object) => void)[] = [];
  const api = { base: "https://chat.example", headers: () => new Promise((done) => tokens.push(done)) };
  const room = { api, send: async (_: string, body: { name: string }) => { sent.push(body.name); } } as unknown as Room;
  const uploads = new Uploads(room, { put() {} } as unknown as Links, () => {});
  return { uploads, sent, tokens };
}

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((done) => setTimeout(done, 5));

test("a file goes up and becomes a message", async () => {
  const { uploads, sent, tokens } = setUp();
  uploads.add([new File(["x"], "a.txt")]);
  await settle();
  tokens[0]!({});
  await settle();
  Request.all[0]!.onload();
  await settle();
  assert.deepEqual([sent, uploads.list.length], [["a.txt"], 0]);
});

test("a file that is taken back is not sent, whatever it waits for", async () => {
  const { uploads, sent, tokens } = setUp();
  uploads.add([new File(["x"], "a.txt"), new File(["y"], "b.txt")]);
  await settle();
  uploads.cancel(uploads.list[0]!.id); // it waits for a token
  tokens[0]!({});
  await settle();
  assert.equal(Request.all.length, 0, "nothing of it goes up");
  tokens[1]!({});
  await settle();
  Request.all[0]!.onload();
  uploads.cancel(uploads.list[0]!.id); // its answer is here
  await settle();
  assert.deepEqual([sent, uploads.list.length], [[], 0]);
});
