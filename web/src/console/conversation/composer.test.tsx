import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { ApiError, call } from "../api/client.ts";
import { cache } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { LiveContext, type Live } from "../live/live.ts";
import { Composer } from "./composer.tsx";

vi.mock("../api/client.ts", async (real) => ({ ...(await real<object>()), call: vi.fn(() => new Promise(() => undefined)) }));
const asked = vi.mocked(call) as unknown as ReturnType<typeof vi.fn<(operation: string, args: { query: { cursor?: string } }) => Promise<unknown>>>;

beforeEach(() => {
  sessionStorage.clear();
  cache.clear();
});

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
  cache.setQueryData(["/canned-responses", {}, "all"], [{ id: "r", shortcut: "hi", text: "Hi {{visitor.name}}, {{agent.name}} here" }]);
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

test("a text that is too long is not cut: it is said, and not sent", () => {
  const { send, box, write } = waiting();
  write("x".repeat(20_002));
  expect(box.value).toHaveLength(20_002);
  expect(screen.getByRole("alert").textContent).toBe("2 characters too long");
  expect((screen.getByTestId("send") as HTMLButtonElement).disabled).toBe(true);
  expect(send).not.toHaveBeenCalled();
  write("x".repeat(20_000));
  expect(send).toHaveBeenCalledTimes(1);
});

/** A composer whose canned replies come page after page, when they come. */
function waiting() {
  const pages: { answer: (page: unknown) => void; refuse: (e: unknown) => void; cursor: string | undefined }[] = [];
  asked.mockImplementation((operation, args) => new Promise((answer, refuse) => {
    if (operation === "GET /canned-responses") pages.push({ answer, refuse, cursor: args.query.cursor });
  }));
  const send = vi.fn();
  const live = { me: { id: "me", name: "Bob", role: "agent", teams: [] }, client: { send, typing: () => undefined } } as unknown as Live;
  render(
    <MantineProvider><QueryClientProvider client={cache}><LiveContext value={live}>
      <Composer c={{ id: "w", status: "open", assignee_id: "me", visitor_id: "v", visitor_name: "Mia" } as Conversation} sent={() => undefined} card={() => undefined} />
    </LiveContext></QueryClientProvider></MantineProvider>,
  );
  const box = screen.getByTestId("answer") as HTMLTextAreaElement;
  const write = (text: string) => {
    fireEvent.change(box, { target: { value: text, selectionStart: text.length } });
    fireEvent.keyDown(box, { key: "Enter" });
  };
  const reply = (n: number) => ({ id: `r${n}`, shortcut: `r${n}`, text: `Reply ${n}` });
  return { pages, send, box, write, reply };
}

test("the newest of many canned replies is found, and none is sent by its shortcut before they are there", async () => {
  const { pages, send, box, write, reply } = waiting();
  write("/r201");
  await waitFor(() => expect(pages).toHaveLength(1));
  expect(screen.getByTestId("canned-lack")).toBeTruthy();
  await act(async () => pages[0]!.answer({ data: Array.from({ length: 200 }, (_, i) => reply(i + 1)), next_cursor: "more" }));
  await waitFor(() => expect(pages).toHaveLength(2));
  expect(pages[1]!.cursor).toBe("more");
  fireEvent.keyDown(box, { key: "Enter" });
  expect(box.value).toBe("/r201");
  await act(async () => pages[1]!.answer({ data: [reply(201)], next_cursor: null }));
  await waitFor(() => expect(screen.queryByTestId("canned-choice")).toBeTruthy());
  expect(screen.queryByTestId("canned-lack")).toBeNull();
  fireEvent.keyDown(box, { key: "Enter" });
  expect(box.value).toBe("Reply 201");
  expect(send).not.toHaveBeenCalled();
  write("/nothing like it");
  expect(send).toHaveBeenCalledTimes(1);
});

test("canned replies that cannot be read: that is said, and what was written goes out once it is meant so", async () => {
  const { pages, send, box, write } = waiting();
  write("/hi");
  await waitFor(() => expect(pages).toHaveLength(1));
  await act(async () => pages[0]!.refuse(new ApiError(403, "role_not_allowed", "no")));
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Your role does not allow this."));
  fireEvent.keyDown(box, { key: "Enter" });
  expect(send).not.toHaveBeenCalled();
  fireEvent.click(screen.getByTestId("canned-again"));
  await waitFor(() => expect(pages).toHaveLength(2));
  fireEvent.keyDown(box, { key: "Escape" });
  fireEvent.keyDown(box, { key: "Enter" });
  expect(send).toHaveBeenCalledWith("w", "text", { text: "/hi" }, "public");
});
