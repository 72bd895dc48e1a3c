import { act, fireEvent, render } from "@testing-library/react";
import { MantineProvider, TextInput } from "@mantine/core";
import { expect, test, vi } from "vitest";
import { ApiError } from "../../api/client.ts";
import type { Agent } from "../../api/schema.ts";
import { may } from "../access.ts";
import { changes } from "../audit.tsx";
import { originOf } from "../sites.tsx";
import { membership } from "../teams.tsx";
import { words } from "../../i18n/index.ts";
import { present } from "../triggers.tsx";
import { endOf, fromLocal, toLocal } from "./dates.ts";
import { fieldErrors, fieldText } from "./errors.ts";
import { FormBody, useForm } from "./form.tsx";
import { Guard, leaves } from "./guard.tsx";
import { qr } from "./qr.ts";

test("what the server finds wrong goes to its field", () => {
  const validation = new ApiError(400, "malformed", "…", 0, { errors: [{ location: "body.weekly[1].from", message: "no time" }, { location: "body.name", message: "too long" }] });
  expect(fieldErrors(validation, ["name", "weekly"])).toEqual({ fields: { "weekly.1.from": "no time", name: "too long" }, rest: null });
  const said = new ApiError(400, "malformed", "conditions.url: at most 50");
  expect(fieldErrors(said, ["conditions"])).toEqual({ fields: { "conditions.url": "At most 50." }, rest: null });
  expect(fieldErrors(said, ["name"])).toEqual({ fields: {}, rest: said });
  const taken = new ApiError(409, "name_taken", "there is one like it already");
  expect(fieldErrors(taken, ["name"], { name_taken: "name" }).fields["name"]).toBe("There is one like this already.");
  const other = new ApiError(503, "busy", "time: is short");
  expect(fieldErrors(other, ["time"])).toEqual({ fields: {}, rest: other });
});

function Screen({ save }: { save: (name: string) => Promise<unknown> }) {
  const f = useForm({ name: "before" }, { check: (v) => ({ name: v.name === "" ? "required" : undefined }), save: (v) => save(v.name), codes: { name_taken: "name" } });
  return <MantineProvider env="test"><Guard /><FormBody form={f}><TextInput label="Name" {...f.text("name")} /></FormBody></MantineProvider>;
}

test("a form says what is wrong, keeps what was written, and guards it until it is saved", async () => {
  history.replaceState(null, "", "/console/settings/labels");
  const save = vi.fn((name: string) => (name === "taken" ? Promise.reject(new ApiError(409, "name_taken", "taken")) : Promise.resolve()));
  const s = render(<Screen save={save} />);
  const name = s.getByLabelText("Name") as HTMLInputElement;
  const press = () => act(async () => { fireEvent.submit(name.form!); });
  expect((s.getByTestId("save") as HTMLButtonElement).disabled).toBe(true);
  fireEvent.change(name, { target: { value: "" } });
  await press();
  expect(s.getByText("required")).toBeTruthy();
  expect(save).not.toHaveBeenCalled();
  fireEvent.change(name, { target: { value: "taken" } });
  await press();
  expect(s.getByText("There is one like this already.")).toBeTruthy();
  expect(name.value).toBe("taken");
  act(() => history.pushState(null, "", "/console/inbox"));
  expect(location.pathname).toBe("/console/settings/labels");
  fireEvent.click(s.getByTestId("stay"));
  act(() => history.pushState(null, "", "/console/visitors"));
  act(() => { fireEvent.click(s.getByTestId("leave")); });
  expect(location.pathname).toBe("/console/visitors");
  history.replaceState(null, "", "/console/settings/labels");
  fireEvent.change(name, { target: { value: "after" } });
  await press();
  act(() => history.pushState(null, "", "/console/inbox"));
  expect(location.pathname).toBe("/console/inbox");
});

test("another query is no other page", () => {
  expect(leaves("/console/settings/audit?since=2026-01-01", "http://x/console/settings/audit")).toBe(false);
  expect(leaves("/console/settings", "http://x/console/settings/audit")).toBe(true);
  expect(leaves(null, "http://x/console")).toBe(false);
});

test("who may do what", () => {
  expect(may("supervisor", "leads")).toBe(true);
  expect(may("agent", "leads")).toBe(false);
  expect(may("viewer", "staff")).toBe(false);
});

test("origins, members, conditions, changes, times", () => {
  expect(originOf("shop.example.com/cart?x=1")).toBe("https://shop.example.com");
  expect(originOf("http://localhost:3000/")).toBe("http://localhost:3000");
  expect(originOf("https://*.example.com")).toBe("");
  expect(originOf("ftp://example.com")).toBe("");
  const agent = (id: string, teams: string[]) => ({ id, teams }) as Agent;
  expect(membership("t", [agent("a", ["t", "u"]), agent("b", []), agent("c", ["t"])], ["b", "c"])).toEqual([{ id: "a", teams: ["u"] }, { id: "b", teams: ["t"] }]);
  expect(present({ seconds_on_page: 0, url: [], cart_value_min: 5 })).toEqual(["cart_value_min"]);
  expect(changes({ changed: { role: { from: "agent", to: "admin" }, password: {} }, login: "ab" })).toEqual([{ name: "role", before: "agent", after: "admin" }, { name: "password", before: "", after: "" }, { name: "login", before: "", after: "ab" }]);
  expect(fromLocal(toLocal("2026-11-26T07:50:00.000Z"))).toBe("2026-11-26T07:50:00.000Z");
  expect(Date.parse(endOf("2026-11-26") ?? "") - Date.parse(fromLocal("2026-11-26") ?? "")).toBe(86_400_000);
});

test("a QR code's frame", () => {
  const code = qr("otpauth://totp/uniqchat:alice@demo.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=uniqchat");
  expect(code?.length).toBe(41); // version 6
  expect(code?.[0]?.slice(0, 8)).toEqual([true, true, true, true, true, true, true, false]);
  expect(code?.[33]?.[8]).toBe(true);
  expect(qr("x".repeat(500))).toBeNull();
});

test("what the server says of a field is told in the console's words, and as it is where those lack", () => {
  const t = words();
  for (const [said, told] of [
    ["expected length >= 1", t.shell.required], ["expected required property name to be present", t.shell.required], ["expected length <= 50", "At most 50 characters."],
    ["must be 1 to 20000 characters", "1 to 20,000 characters."], ["expected number >= 1", "At least 1."], ["must be 0 to 1000", "From 0 to 1,000."], ["at most 4", "At most 4."],
    ["expected string to be RFC 5322 email: mail: missing '@'", "This is no e-mail address."], ["must have no blanks", "must have no blanks"], ["须为数字", "须为数字"],
  ] as const) expect(fieldText(said)).toBe(told);
});
