import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { cache } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { LiveContext, type Live } from "../live/live.ts";
import { Composer } from "./composer.tsx";

beforeEach(() => sessionStorage.clear());

test("a note that was begun comes back as a note", () => {
  const send = vi.fn();
  const live = { me: { id: "me", role: "agent", teams: [] }, client: { send, typing: () => undefined } } as unknown as Live;
  const page = (id: string) => (
    <MantineProvider><QueryClientProvider client={cache}><LiveContext value={live}>
      <Composer key={id} c={{ id, status: "open", assignee_id: "me" } as Conversation} sent={() => undefined} card={() => undefined} />
    </LiveContext></QueryClientProvider></MantineProvider>
  );
  const p = render(page("a"));
  fireEvent.click(screen.getByTestId("mode-note"));
  fireEvent.change(screen.getByTestId("answer"), { target: { value: "he never pays" } });
  p.rerender(page("b"));
  expect(screen.getByTestId("mode-reply").getAttribute("aria-selected")).toBe("true");
  p.rerender(page("a"));
  expect(screen.getByTestId("mode-note").getAttribute("aria-selected")).toBe("true");
  fireEvent.click(screen.getByTestId("send"));
  expect(send).toHaveBeenCalledWith("a", "text", { text: "he never pays" }, "internal");
});

test("a canned reply names the visitor and the agent", () => {
  cache.setQueryData(["/canned-responses", { query: { limit: 200 } }], { data: [{ id: "r", shortcut: "hi", text: "Hi {{visitor.name}}, {{agent.name}} here" }] });
  cache.setQueryData(["/visitors/{id}", { path: { id: "v" } }], { email: "" });
  const live = { me: { id: "me", name: "Bob", role: "agent", teams: [] }, client: { typing: () => undefined } } as unknown as Live;
  render(
    <MantineProvider><QueryClientProvider client={cache}><LiveContext value={live}>
      <Composer c={{ id: "c", status: "open", assignee_id: "me", visitor_id: "v", visitor_name: "Mia" } as Conversation} sent={() => undefined} card={() => undefined} />
    </LiveContext></QueryClientProvider></MantineProvider>,
  );
  const box = screen.getByTestId("answer") as HTMLTextAreaElement;
  fireEvent.change(box, { target: { value: "/hi", selectionStart: 3 } });
  fireEvent.keyDown(box, { key: "Tab" });
  expect(box.value).toBe("Hi Mia, Bob here");
});
