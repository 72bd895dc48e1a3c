import { MantineProvider } from "@mantine/core";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { ApiError, call } from "../api/client.ts";
import type { Person } from "../api/schema.ts";
import { LiveContext, type Live } from "../live/live.ts";
import { Attributes } from "./attributes.tsx";
import { Profile } from "./profile.tsx";

vi.mock("../api/client.ts", async (real) => ({ ...(await real<object>()), call: vi.fn() }));

beforeEach(() => void vi.mocked(call).mockReset().mockResolvedValue({} as never));

const first = { id: "v", name: "Mia", email: "mia@old.test", phone: "1", external_id: "", locale: "", first_seen_at: "2026-01-01T00:00:00Z", page: "", version: 4, attributes: { plan: "2.10", seats: 3 } } as unknown as Person;

/** The panel's forms over a person, which a test reads anew as the server's answers would. */
function shown() {
  const live = { me: { id: "me", role: "agent" } } as unknown as Live;
  const page = (p: Person) => <MantineProvider env="test"><LiveContext value={live}><Profile p={p} /><Attributes p={p} /></LiveContext></MantineProvider>;
  const s = render(page(first));
  return {
    reads: (p: Partial<Person>) => s.rerender(page({ ...first, ...p })),
    edit: (label: string) => fireEvent.click(screen.getByLabelText(label)),
    type: (id: string, value: string) => fireEvent.change(screen.getByTestId(id), { target: { value } }),
    value: (id: string) => (screen.getByTestId(id) as HTMLInputElement).value,
    save: () => act(async () => { fireEvent.submit(screen.getByTestId("save").closest("form")!); }),
  };
}

const sent = () => vi.mocked(call).mock.calls.map(([, a]) => (a as { body: object }).body);
const stale = () => vi.mocked(call).mockRejectedValueOnce(new ApiError(409, "stale", "it has changed"));

test("only what was changed is sent, and what somebody else has saved meanwhile is not overwritten", async () => {
  const f = shown();
  f.edit("Edit the visitor");
  f.type("field-email", "mia@new.test");
  stale();
  await f.save();
  expect(sent()).toEqual([{ email: "mia@new.test", version: 4 }]);
  f.reads({ version: 5, phone: "2" });
  expect([screen.getByTestId("newer").dataset["newer"], f.value("field-phone")]).toEqual(["seen", "1"]);
  await f.save();
  expect(sent()).toHaveLength(1);
  fireEvent.click(screen.getByTestId("load-newer"));
  expect([f.value("field-email"), f.value("field-phone")]).toEqual(["mia@new.test", "2"]);
  await f.save();
  expect(sent()[1]).toEqual({ email: "mia@new.test", version: 5 });
  expect(screen.queryByTestId("field-email")).toBeNull();
});

test("an attribute keeps its kind; another one's change does not matter, its own does", async () => {
  const f = shown();
  f.edit("Edit plan");
  f.type("attribute-value", "22");
  f.reads({ version: 5, attributes: { plan: "2.10", seats: 4 } });
  expect(screen.queryByTestId("newer")).toBeNull();
  f.reads({ version: 6, attributes: { plan: "2.11", seats: 4 } });
  expect([screen.getByTestId("newer").dataset["newer"], f.value("attribute-value")]).toEqual(["seen", "22"]);
  fireEvent.click(screen.getByTestId("load-newer"));
  await f.save();
  expect(sent()).toEqual([{ attributes: { plan: "22" }, version: 6 }]);
});

test("a new attribute takes nobody's place", async () => {
  const f = shown();
  f.edit("Add an attribute");
  f.type("attribute-name", "plan");
  f.type("attribute-value", "gold");
  await f.save();
  expect(sent()).toEqual([]);
  expect(screen.getByText("There is one of this name")).toBeTruthy();
  f.type("attribute-name", "tier");
  await f.save();
  expect(sent()).toEqual([{ attributes: { tier: "gold" }, version: 4 }]);
});
