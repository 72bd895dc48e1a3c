import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { completeMessage, type Message } from "../../shared/packets.ts";
import { LiveContext, type Live } from "../live/live.ts";
import { fold } from "./fold.ts";
import { mostPages, placeOf, useFound } from "./found.ts";

const text = (seq: number, body: object = { text: `m${seq}` }): Message => completeMessage({ conv: "c", seq, mid: `m${seq}`, sender: "v", role: "visitor", kind: "event" in body ? "system" : "text", time: seq, body });
const texts = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => text(from + i));

function looking(at: number) {
  const loadOlder = vi.fn(), show = vi.fn();
  const live = { client: { loadOlder } } as unknown as Live;
  const wrapper = ({ children }: { children: ReactNode }) => <LiveContext value={live}>{children}</LiveContext>;
  const look = ({ at, ...room }: { at: number; messages: readonly Message[]; hasOlder: boolean }) =>
    useFound({ id: "c" }, at, { ...room, joined: room.messages.length > 0 }, fold(room.messages, [], 0), show);
  const h = renderHook(look, { initialProps: { at, messages: [] as readonly Message[], hasOlder: false }, wrapper });
  return { ...h, loadOlder, show };
}

test("what was said since is loaded until the message is there, and it is shown once", () => {
  const h = looking(5);
  expect(h.loadOlder).not.toHaveBeenCalled(); // nothing is known yet
  h.rerender({ at: 5, messages: texts(20, 30), hasOlder: true });
  h.rerender({ at: 5, messages: texts(10, 30), hasOlder: true });
  expect([h.loadOlder.mock.calls.length, h.show.mock.calls.length, h.result.current]).toEqual([2, 0, ""]);
  h.rerender({ at: 5, messages: texts(3, 30), hasOlder: true });
  expect(h.show.mock.calls).toEqual([[3]]); // after the day, 3 and 4
  expect(h.result.current).toBe("m5");
  h.rerender({ at: 5, messages: texts(3, 31), hasOlder: true });
  expect([h.loadOlder.mock.calls.length, h.show.mock.calls.length]).toEqual([2, 1]);
  h.rerender({ at: 7, messages: texts(3, 31), hasOlder: true });
  expect([h.show.mock.calls.at(-1), h.result.current]).toEqual([[5], "m7"]);
  h.rerender({ at: 0, messages: texts(3, 31), hasOlder: true });
  expect(h.result.current).toBe("");
});

test("a conversation that was left is read on first", () => {
  const h = looking(8);
  h.rerender({ at: 8, messages: texts(1, 5), hasOlder: false });
  expect(h.show).not.toHaveBeenCalled();
  h.rerender({ at: 8, messages: texts(1, 9), hasOlder: false });
  expect(h.result.current).toBe("m8");
});

test("not without end", () => {
  const h = looking(1);
  for (let n = 0; n < mostPages + 5; n++) h.rerender({ at: 1, messages: texts(1000 - n, 1001), hasOlder: true });
  expect(h.loadOlder).toHaveBeenCalledTimes(mostPages);
  expect(h.show).not.toHaveBeenCalled();
});

test("what has no line is shown by what stands before it", () => {
  const items = fold([text(1), text(2), text(3, { event: "message.updated", mid: "m1", body: { text: "x" } }), text(4)], [], 0);
  expect(placeOf(items, 3)).toBe(placeOf(items, 2));
  expect(placeOf(items, 0)).toBe(-1);
});
