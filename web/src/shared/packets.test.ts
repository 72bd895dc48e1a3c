// The JSON side of the golden vectors in codec/testdata, which the Go codec reads too.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { typeNames } from "./names.ts";
import { cleanText, decode, encode, type ClientPacket } from "./packets.ts";

const folder = new URL("../../codec/testdata/", import.meta.url);
const serverTypes = new Set([
  "connack", "ping", "pong", "disconnect", "error", "sendack", "message", "receipt", "typing", "durable", "event", "stream",
  "joined", "synced", "gap",
]);
const clientTypes = new Set([
  "connect", "ping", "pong", "send", "read", "typing", "join", "leave", "sync", "status", "track", "watch",
]);

type Json = Record<string, unknown>;
interface Vector { name: string; json: Json }

const vectors: Vector[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Vector | Vector[])
  .filter((v) => typeof v.json === "object" && v.json !== null);

/** Takes away everything that stands for a zero value, except inside bodies, which are left as they are. */
function bare(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(bare);
  if (typeof v !== "object" || v === null) return v;
  const out: Json = {};
  for (const [name, value] of Object.entries(v)) {
    const opaque = name === "body" || name === "data" || name === "filter";
    const empty = Array.isArray(value) ? value.length === 0 : JSON.stringify(value) === "{}";
    const zero = value === 0 || value === "" || value === false || value === null || empty;
    const first = (name === "role" && value === "system") || (name === "kind" && value === "text") ||
      (name === "visibility" && value === "public") || (name === "state" && value === "stop");
    if (!zero && !first) out[name] = opaque ? value : bare(value);
  }
  return out;
}

test("every packet type of the codec is known, and has a vector", () => {
  assert.deepEqual([...new Set([...serverTypes, ...clientTypes])].sort(), [...typeNames].sort());
  const seen = new Set(vectors.map((v) => v.json.type));
  for (const type of [...serverTypes, ...clientTypes]) assert.ok(seen.has(type), `no vector for ${type}`);
});

for (const { name, json } of vectors) {
  const type = json.type as string;
  if (serverTypes.has(type)) {
    test(`decode ${name}`, () => {
      const [packet, ...more] = decode(JSON.stringify(json));
      assert.equal(more.length, 0);
      const own = structuredClone(packet) as unknown as Json & { messages?: Json[]; conv: string };
      const given = structuredClone(json) as Json & { messages?: Json[] };
      // Messages of a page take over its conversation.
      for (const m of [...(own.messages ?? []), ...(given.messages ?? [])]) if (m.conv === undefined || m.conv === own.conv) m.conv = own.conv;
      assert.deepEqual(bare(own), bare(given));
    });
  }
  if (clientTypes.has(type)) {
    test(`encode ${name}`, () => {
      assert.deepEqual(bare(JSON.parse(encode(json as ClientPacket))), bare(json));
    });
  }
}

test("decode fills in what is missing, null or of a wrong type", () => {
  assert.deepEqual(decode(`{"type":"message","seq":"9","role":"pirate","body":null,"sender":"00000000-0000-0000-0000-000000000000"}`), [{
    type: "message", rid: 0, conv: "", seq: 0, prev: 0, mid: "", cmid: "", sender: "", role: "system", kind: "text",
    visibility: "public", time: 0, reply_to: "", body: {},
  }]);
  assert.deepEqual(decode(`{"type":"gap","items":[1,null,{"conv":"x","top":3}]}`), [{ type: "gap", rid: 0, items: [{ conv: "x", top: 3 }] }]);
});

test("decode takes arrays and passes over what it does not know", () => {
  const packets = decode(`[{"type":"ping","time":1},{"type":"later"},7,{"type":"constructor"},{"type":"pong","time":2}]`);
  assert.deepEqual(packets.map((p) => p.type), ["ping", "pong"]);
  assert.throws(() => decode("{"), SyntaxError);
});

test("encode leaves bodies alone", () => {
  const body = { text: "", flag: false, nested: { empty: "" } };
  const sent = JSON.parse(encode({ type: "send", rid: 1, dup: false, conv: "c", cmid: "m", kind: "text", reply_to: "", body }));
  assert.deepEqual(sent, { type: "send", rid: 1, conv: "c", cmid: "m", kind: "text", body });
});

test("cleanText takes out what servers refuse and nothing else", () => {
  assert.equal(cleanText("a\0b\ud83d\ude00\ud83dc\ude00 好"), "ab😀\ufffdc\ufffd 好");
});
