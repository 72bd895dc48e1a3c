import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { ConversationLog } from "../../shared/log.ts";
import { LiveContext, type Live } from "../live/live.ts";
import { useRoom } from "./room.ts";

test("a conversation that was refused is asked for again once the API tells of it", () => {
  const log = new ConversationLog("c");
  const open = vi.fn(), leave = vi.fn(() => log.left());
  const client = { open, leave, log: () => log, outbox: { of: () => [] }, typistsOf: () => new Map() };
  const live = { client, on: () => () => undefined } as unknown as Live;
  const wrapper = ({ children }: { children: ReactNode }) => <LiveContext value={live}>{children}</LiveContext>;
  const room = renderHook((answered: number) => useRoom("c", answered), { initialProps: 0, wrapper });
  expect(open).toHaveBeenCalledTimes(1);
  room.rerender(1); // nothing was refused
  expect(open).toHaveBeenCalledTimes(1);
  log.refused = 403;
  room.rerender(0);
  expect(open).toHaveBeenCalledTimes(1);
  room.rerender(2);
  expect([leave.mock.calls.length, open.mock.calls.length, log.refused]).toEqual([1, 2, 0]);
});
