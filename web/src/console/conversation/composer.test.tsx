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
      <Composer key={id} c={{ id, status: "open", assignee_id: "me" } as Conversation} sent={() => undefined} />
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
