import assert from "node:assert/strict";
import { test } from "node:test";
import { TestClock } from "../testing/clock.ts";
import { TypingReporter, Typists } from "./typists.ts";

test("typing is told at once, then about once a second, and stopped when left alone", async () => {
  const clock = new TestClock();
  const told: string[] = [];
  const r = new TypingReporter(clock, (state, preview) => told.push(state === "stop" ? "stop" : preview));
  for (const text of ["h", "he", "hel", "hell"]) {
    r.input(text);
    await clock.pass(300);
  }
  assert.deepEqual(told, ["h", "hell"]);
  await clock.pass(5000);
  assert.deepEqual(told, ["h", "hell", "stop"]);
});

test("erasing or sending stops it, and nothing more is told afterwards", async () => {
  const clock = new TestClock();
  const told: string[] = [];
  const r = new TypingReporter(clock, (state) => told.push(state));
  r.input("a");
  await clock.pass(10);
  r.input("ab");
  r.input("");
  await clock.pass(10_000);
  assert.deepEqual(told, ["typing", "stop"]);
});

test("a typist whose stop got lost is forgotten", async () => {
  const clock = new TestClock();
  const typists = new Typists(clock, () => {});
  typists.heard({ type: "typing", rid: 0, conv: "c", user: "u", state: "typing", preview: "hi" });
  assert.deepEqual([...typists.of("c")], [["u", "hi"]]);
  await clock.pass(8000);
  assert.equal(typists.of("c").size, 0);
});
