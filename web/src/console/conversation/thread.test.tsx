import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { completeMessage } from "../../shared/packets.ts";
import { cache } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { LiveContext, type Live } from "../live/live.ts";
import type { Room } from "./room.ts";
import { Thread, withKept } from "./thread.tsx";

test("what is begun out of sight is shown once, in its place", () => {
  expect(withKept([4, 5, 6], [2, 5, 9])).toEqual([2, 4, 5, 6, 9]);
});

test("a text that is being edited outlives that one scrolls away from it, and loads nothing meanwhile", async () => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(50);
  const loadOlder = vi.fn();
  const live = { me: { id: "me", role: "agent" }, client: { loadOlder, read: () => undefined } } as unknown as Live;
  const text = (i: number) => completeMessage({ conv: "c", seq: i + 1, mid: `m${i}`, sender: "me", role: "agent", kind: "text", time: Date.now() - 120_000 + i, body: { text: `word ${i}` } });
  const messages = Array.from({ length: 120 }, (_, i) => text(i));
  const room: Room = { messages, outbox: [], members: [], typists: new Map(), last: 120, hasOlder: true, joined: true, refused: 0 };
  const page = (r: Room) => (
    <MantineProvider env="test"><QueryClientProvider client={cache}><LiveContext value={live}>
      <Thread c={{ id: "c", status: "open", visitor_id: "v" } as Conversation} at={0} room={r} nameOf={() => "Me"} visitor="Mia" />
    </LiveContext></QueryClientProvider></MantineProvider>
  );
  const s = render(page(room));
  const box = screen.getByTestId("messages");
  const scroll = async (top: number) => act(async () => {
    box.scrollTop = top;
    fireEvent.scroll(box);
  });
  const row = (mid: string) => document.querySelector<HTMLElement>(`[data-mid="${mid}"]`);
  await scroll(0);
  expect(loadOlder).toHaveBeenCalled();
  fireEvent.click(row("m2")!.querySelector('[data-testid="message-menu"]')!);
  fireEvent.click(screen.getByTestId("edit"));
  fireEvent.change(screen.getByTestId("edit-box"), { target: { value: "a better word" } });
  await scroll(5_000);
  expect(row("m1")).toBeNull();
  expect(row("m97")).not.toBeNull();
  loadOlder.mockClear();
  s.rerender(page({ ...room, messages: [...messages, text(120)], last: 121 }));
  expect(loadOlder).not.toHaveBeenCalled();
  await scroll(0);
  expect((screen.getByTestId("edit-box") as HTMLTextAreaElement).value).toBe("a better word");
}, 30_000); // on a machine that does much else
