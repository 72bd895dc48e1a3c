import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { call } from "../api/client.ts";
import type { Person } from "../api/schema.ts";
import { LiveContext, type Live } from "../live/live.ts";
import { Identity } from "./identity.tsx";

vi.mock("../api/client.ts", async (real) => ({ ...(await real<object>()), call: vi.fn() }));

beforeEach(() => void vi.mocked(call).mockReset());

function shown(role: string, blocked: boolean, erased_at: string | null = null) {
  const live = { me: { id: "me", role } } as unknown as Live;
  return render(<MantineProvider env="test"><LiveContext value={live}><Identity p={{ id: "v", blocked, erased_at } as Person} name="Mia" /></LiveContext></MantineProvider>);
}

test("who leads blocks a visitor, once asked", async () => {
  vi.mocked(call).mockResolvedValue(undefined as never);
  shown("supervisor", false);
  expect(screen.getByTestId("visitor-page").getAttribute("href")).toBe("/visitors/v");
  fireEvent.click(screen.getByTestId("block"));
  expect(call).not.toHaveBeenCalled();
  fireEvent.change(screen.getByTestId("block-reason"), { target: { value: " rude " } });
  fireEvent.click(screen.getByTestId("block-go"));
  await waitFor(() => expect(screen.queryByTestId("block-go")).toBeNull());
  expect(vi.mocked(call).mock.calls).toEqual([["POST /blocklist", { body: { kind: "visitor", value: "v", reason: "rude" } }]]);
});

test("a block is lifted wherever it stands in the list", async () => {
  const block = (id: string, value: string, kind = "visitor") => ({ id, kind, value });
  const pages = [{ data: [block("1", "x"), block("2", "v", "fingerprint")], next_cursor: "more" }, { data: [block("3", "v")], next_cursor: null }];
  vi.mocked(call).mockImplementation((async (o: string) => (o.startsWith("GET") ? pages.shift() : undefined)) as never);
  shown("owner", true);
  fireEvent.click(screen.getByTestId("unblock"));
  fireEvent.click(screen.getByTestId("block-go"));
  await waitFor(() => expect(screen.queryByTestId("block-go")).toBeNull());
  expect(vi.mocked(call).mock.calls.filter(([o]) => o.startsWith("DELETE"))).toEqual([["DELETE /blocklist/{id}", { path: { id: "3" } }]]);
});

test("others only see it, and nobody blocks whoever is erased", () => {
  for (const [role, erased] of [["agent", null], ["viewer", null], ["owner", "2026-01-01T00:00:00Z"]] as const) {
    const page = shown(role, true, erased);
    expect(screen.getByTestId("blocked")).toBeTruthy();
    expect(screen.queryByTestId("unblock")).toBeNull();
    page.unmount();
  }
});
