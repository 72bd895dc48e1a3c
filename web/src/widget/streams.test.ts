import assert from "node:assert/strict";
import { test } from "node:test";
import { Streams } from "./streams.ts";

const piece = (offset: number, delta: string) => ({ type: "stream" as const, rid: 0, conv: "c", mid: "m", offset, end: false, delta });

test("pieces make a text; offsets count bytes", () => {
  const s = new Streams();
  s.heard(piece(0, "你好"));
  s.heard(piece(6, " there"));
  assert.deepEqual(s.of("c"), { m: "你好 there" });
  assert.equal(s.of("c"), s.of("c"));
  assert.deepEqual(s.of("d"), {});
});

test("a hole ends what is shown until the finished message comes, and a late piece does not bring it back", () => {
  const s = new Streams();
  s.heard(piece(0, "a"));
  assert.equal(s.heard(piece(5, "b")), false);
  assert.equal(s.heard(piece(1, "c")), false);
  assert.deepEqual(s.of("c"), { m: "a" });
  s.wrote("m");
  assert.equal(s.heard(piece(0, "again")), false);
  assert.deepEqual(s.of("c"), {});
});

test("what is overtaken does not stay", () => {
  const s = new Streams();
  const of = (mid: string, offset: number, delta: string) => ({ ...piece(offset, delta), mid });
  s.heard(of("a", 0, "half an ans"));
  s.heard(of("b", 0, "another one"));
  assert.deepEqual(s.of("c"), { b: "another one" }, "an answer that was begun later");
  s.heard(of("a", 11, "wer"));
  assert.deepEqual(s.of("c"), { b: "another one" }, "and what is late of it");
  s.forget("other");
  assert.deepEqual(Object.keys(s.of("c")), ["b"]);
  s.forget("c");
  assert.deepEqual(s.of("c"), {});
});
