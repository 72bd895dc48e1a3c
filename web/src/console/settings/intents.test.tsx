import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { call } from "../api/client.ts";
import { cache } from "../api/query.ts";
import { LiveContext, type Live } from "../live/live.ts";
import { Intents } from "./intents.tsx";

vi.mock("../api/client.ts", async (real) => ({ ...(await real<object>()), call: vi.fn() }));

interface Kept { description: string; examples: string[]; updated_at: string }
const slow = 30_000; // the whole page, on a machine that does much else
let kept: Kept;
let put: () => Promise<void>;

const intent = () => ({ name: "engraving", action: "answer", team_id: null, reply: {}, examples_count: kept.examples.length, created_at: "1", ...kept });
const list = () => ({ data: [intent()], next_cursor: null });

/** A server that has one intent. */
async function server(operation: string, args: unknown): Promise<unknown> {
  if (operation === "GET /ai/intents") return list();
  if (operation === "GET /ai/training") return { state: "none", mistakes: [] };
  if (!operation.endsWith("/ai/intents/{name}")) return { data: [], next_cursor: null };
  if (operation.startsWith("PUT")) {
    await put();
    kept = { ...(args as { body: Kept }).body, updated_at: `${kept.updated_at}+` };
  }
  return intent();
}

/** What was read of it, as the cache has it. */
function read() {
  cache.setQueryData(["/ai/intents", { query: { limit: 200 } }, "pages"], { pages: [list()], pageParams: [""] });
  cache.setQueryData(["/ai/intents/{name}", { path: { name: "engraving" } }], intent());
}

beforeEach(() => {
  kept = { description: "Letters", examples: ["engrave it"], updated_at: "1" };
  put = () => Promise.resolve();
  vi.mocked(call).mockImplementation(server as never);
  cache.clear();
});

async function opened() {
  const live = { me: { id: "me", role: "admin", teams: [] } } as unknown as Live;
  read();
  await act(async () => { render(<MantineProvider env="test"><QueryClientProvider client={cache}><LiveContext value={live}><Intents id="engraving" /></LiveContext></QueryClientProvider></MantineProvider>); });
  return screen.getByTestId("field-examples") as HTMLTextAreaElement;
}
const puts = () => vi.mocked(call).mock.calls.filter(([o]) => o.startsWith("PUT")).map(([, a]) => (a as { body: { examples: string[] } }).body.examples);

test("examples that are written outlive that somebody else saves the intent, and theirs are not overwritten", async () => {
  const examples = await opened();
  fireEvent.change(examples, { target: { value: "engrave it\nmine" } });
  kept = { description: "Letters on mugs", examples: ["engrave it", "theirs"], updated_at: "2" };
  await act(async () => read());
  expect(screen.getByTestId("newer").dataset["newer"]).toBe("seen");
  expect((screen.getByTestId("field-examples") as HTMLTextAreaElement).value).toBe("engrave it\nmine");
  await act(async () => { fireEvent.submit(examples.form!); });
  expect(puts()).toEqual([]);
  fireEvent.click(screen.getByTestId("load-newer"));
  expect((screen.getByTestId("field-description") as HTMLInputElement).value).toBe("Letters on mugs");
}, slow);

test("saving leaves the form and the focus where they are", async () => {
  const examples = await opened();
  let saved: () => void = () => undefined;
  put = () => new Promise((done) => { saved = done; });
  fireEvent.change(examples, { target: { value: "engrave it\n\nmine" } });
  examples.focus();
  await act(async () => { fireEvent.submit(examples.form!); });
  examples.blur(); // as a browser has it: the field is disabled
  await act(async () => saved());
  await waitFor(() => expect((screen.getByTestId("field-examples") as HTMLTextAreaElement).value).toBe("engrave it\nmine"), { timeout: slow / 2 });
  expect(screen.getByTestId("field-examples")).toBe(examples);
  expect(document.activeElement).toBe(examples);
  expect(screen.queryByTestId("newer")).toBeNull();
  expect(puts()).toEqual([["engrave it", "mine"]]);
}, slow);
