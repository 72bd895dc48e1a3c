import { act, fireEvent, render } from "@testing-library/react";
import { MantineProvider, TextInput } from "@mantine/core";
import { expect, test, vi } from "vitest";
import { ApiError } from "../../api/client.ts";
import { merged } from "./draft.ts";
import { FormBody, useForm, type Was } from "./form.tsx";

interface Row { name: string; text: string; version: number; extra?: string }
type Values = Pick<Row, "name" | "text">;
type Save = (v: Values, was: Was<Values>) => Promise<unknown>;

function Editor({ row, save }: { row: Row; save: Save }) {
  const f = useForm({ name: row.name, text: row.text }, { of: row, save });
  return <FormBody form={f}><TextInput label="Name" {...f.text("name")} /><TextInput label="Text" {...f.text("text")} /></FormBody>;
}

const row = (version: number, name = "before", text = "a text"): Row => ({ name, text, version });
const stale = () => Promise.reject(new ApiError(409, "stale", "it has changed"));

/** A form over a record, which a test reads anew as the server's answers would. */
function opened(first: Row, save: Save) {
  const shown = (r: Row) => <MantineProvider env="test"><Editor row={r} save={save} /></MantineProvider>;
  const s = render(shown(first));
  const field = (label: string) => s.getByLabelText(label) as HTMLInputElement;
  return {
    reads: (r: Row) => s.rerender(shown(r)),
    type: (label: string, value: string) => fireEvent.change(field(label), { target: { value } }),
    value: (label: string) => field(label).value,
    press: () => act(async () => { fireEvent.submit(field("Name").form!); }),
    newer: () => s.queryByTestId("newer")?.dataset["newer"] ?? "",
    load: () => fireEvent.click(s.getByTestId("load-newer")),
    clean: () => (s.getByTestId("save") as HTMLButtonElement).disabled,
  };
}

/** Saves at a server that counts versions, as it is told to. */
function server(version: number) {
  const sent: (number | undefined)[] = [];
  const save = vi.fn<Save>((v, was) => {
    sent.push(was.seen.version);
    return Promise.resolve({ ...v, version: ++version });
  });
  return { save, sent };
}

test("what somebody else has saved while one writes is not overwritten, and nothing written is lost", async () => {
  const { save, sent } = server(2);
  const f = opened(row(1), save);
  f.type("Name", "mine");
  f.reads(row(2, "before", "theirs"));
  expect([f.newer(), f.value("Name"), f.value("Text")]).toEqual(["seen", "mine", "a text"]);
  await f.press();
  expect(save).not.toHaveBeenCalled();
  f.load();
  expect([f.newer(), f.value("Name"), f.value("Text")]).toEqual(["", "mine", "theirs"]);
  await f.press();
  expect(sent).toEqual([2]);
  expect(save.mock.calls[0]?.[0]).toEqual({ name: "mine", text: "theirs" });
});

test("a refusal waits for what is newer, and says so", async () => {
  const save = vi.fn<Save>(stale);
  const f = opened(row(1), save);
  f.type("Name", "mine");
  await f.press();
  expect(save.mock.calls[0]?.[1].seen).toEqual({ version: 1 });
  expect([f.newer(), f.value("Name")]).toEqual(["refused", "mine"]);
  f.reads(row(2, "theirs"));
  expect([f.newer(), f.value("Name")]).toEqual(["seen", "mine"]);
  f.load();
  expect([f.newer(), f.value("Name")]).toEqual(["", "mine"]);
  await f.press();
  expect(save.mock.calls[1]?.[1].seen).toEqual({ version: 2 });
});

test("a refusal about what does not stand in the form: it is saved once more", async () => {
  const save = vi.fn<Save>(stale);
  const f = opened(row(1), save);
  f.type("Name", "mine");
  await f.press();
  f.reads(row(2));
  expect(f.newer()).toBe("kept");
  save.mockImplementation((v) => Promise.resolve({ ...v, version: 3 }));
  await f.press();
  expect(save.mock.calls[1]?.[1].seen).toEqual({ version: 2 });
  expect([f.newer(), f.clean()]).toEqual(["", true]);
});

test("saving again before the first was read: one's own version counts", async () => {
  const { save, sent } = server(1);
  const f = opened(row(1), save);
  for (const name of ["one", "two", "three"]) {
    f.type("Name", name);
    await f.press();
    expect(f.clean()).toBe(true);
  }
  expect(sent).toEqual([1, 2, 3]);
  f.reads(row(4, "three"));
  expect([f.newer(), f.value("Name"), f.clean()]).toEqual(["", "three", true]);
});

test("an event brings one's own change before the answer", async () => {
  let answer: (r: Row) => void = () => undefined;
  const save = vi.fn<Save>(() => new Promise((done) => { answer = done; }));
  const f = opened(row(1), save);
  f.type("Name", "mine ");
  await f.press();
  f.reads(row(2, "mine"));
  expect(f.value("Name")).toBe("mine ");
  await act(async () => answer(row(2, "mine")));
  expect([f.newer(), f.value("Name"), f.clean()]).toEqual(["", "mine", true]);
  f.type("Text", "more");
  await f.press();
  expect(save.mock.calls[1]?.[1].seen).toEqual({ version: 2 });
});

test("one's own change is read while one writes on: what was not touched is as the server has it", async () => {
  const { save, sent } = server(1);
  const f = opened(row(1), save);
  f.type("Name", "mine ");
  await f.press();
  f.type("Text", "more");
  f.reads(row(2, "mine"));
  expect([f.newer(), f.value("Name"), f.value("Text")]).toEqual(["", "mine", "more"]);
  await f.press();
  expect(sent).toEqual([1, 2]);
});

test("another form over the same record is no stranger", async () => {
  const { save, sent } = server(2);
  const f = opened(row(1), save);
  f.type("Name", "mine");
  f.reads({ ...row(2), extra: "of the other form" });
  expect(f.newer()).toBe("");
  await f.press();
  expect(sent).toEqual([2]);
});

test("who has written nothing, or nothing any more, sees the newest", () => {
  const f = opened(row(1), server(9).save);
  f.reads(row(2, "theirs"));
  expect(f.value("Name")).toBe("theirs");
  f.type("Name", "mine");
  f.reads(row(3, "theirs again"));
  f.type("Name", "theirs");
  expect([f.newer(), f.value("Name"), f.clean()]).toEqual(["", "theirs again", true]);
});

test("merging", () => {
  expect(merged({ a: [1], b: 2, c: 3 }, { a: [1], b: 0, c: 3 }, { a: [9], b: 8, c: 7 })).toEqual({ a: [9], b: 2, c: 7 });
});
