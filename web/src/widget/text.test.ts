import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsOf, isQuickReplies } from "./ui/bodies.ts";
import { faults, fieldsOf, tooLong } from "./ui/fields.ts";
import { fileSize, pieces, safeImage, safeLink, uploadOf } from "./text.ts";

const links = (text: string) => pieces(text).filter((p) => p.href !== "").map((p) => p.text);

test("links are found where people write them", () => {
  for (const [text, want] of [
    ["see https://a.example/x, please", ["https://a.example/x"]],
    ["(https://a.example/wiki/Tea_(drink))", ["https://a.example/wiki/Tea_(drink)"]],
    ["看https://a.example/p?id=1这个", ["https://a.example/p?id=1"]],
    ["https://a.example。然后 http://b.example!", ["https://a.example", "http://b.example"]],
    ["ftp://a.example javascript:alert(1) data:text/html,x www.a.example", []],
    ["https://user:secret@a.example/", []],
    ["https://", []],
  ] as const) {
    assert.deepEqual(links(text), want, text);
    assert.equal(pieces(text).map((p) => p.text).join(""), text);
  }
});

test("only http and https are opened, only https is loaded, only uploads are ours", () => {
  for (const bad of ["javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,<script>", "vbscript:x", "blob:https://a/x", "//a.example", "/x", "https:a.example", 7, null, {}, "http://a:b@c"]) {
    assert.equal(safeLink(bad), "", String(bad));
    assert.equal(safeImage(bad), "", String(bad));
  }
  assert.equal(safeLink("HTTPS://A.example/x"), "https://a.example/x");
  assert.equal(safeImage("http://a.example/x.png"), "");
  const id = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
  assert.equal(uploadOf(`/api/v1/uploads/${id}`), id);
  for (const bad of [`/api/v1/uploads/${id}/../x`, `https://evil.example/api/v1/uploads/${id}`, `/api/v1/uploads/`, 5]) assert.equal(uploadOf(bad), "");
});

test("sizes are for people", () => {
  assert.deepEqual([0, 999, 1000, 12_345, 999_600, 3_400_000, 25_000_000, "x"].map(fileSize), ["", "999 B", "1 KB", "12 KB", "1.0 MB", "3.4 MB", "25 MB", ""]);
});

test("actions and fields that are not as they should be are left out", () => {
  const body = { actions: [{ label: "Go", type: "link", value: "javascript:alert(1)" }, { label: "Site", type: "link", value: "https://a.example/" }, { label: "Yes", type: "postback", value: "y" }, null, 5, {}] };
  assert.deepEqual(actionsOf(body as never).map((a) => [a.label, a.href]), [["Site", "https://a.example/"], ["Yes", ""]]);
  assert.equal(isQuickReplies({ text: "?", actions: [{ label: "Yes", type: "postback", value: "y" }] }), true);
  assert.equal(isQuickReplies({ title: "Mug", actions: [{ label: "Yes", type: "postback", value: "y" }] }), false);
  const fields = fieldsOf({ fields: [{ name: "mail", label: "E-mail", type: "email", required: true }, { name: "size", type: "select", options: ["S", { value: "m", label: "M" }, 7, {}] }, { label: "no name" }, "x"] as never });
  assert.deepEqual(fields.map((f) => [f.name, f.label, f.options.map((o) => o.label).join()]), [["mail", "E-mail", ""], ["size", "size", "S,M,7"]]);
  assert.deepEqual(faults(fields, {}), { mail: "required" });
  assert.deepEqual(faults(fields, { mail: "x@y" }), { mail: "badEmail" });
  assert.deepEqual(faults(fields, { mail: "x@y.example" }), {});
});

test("answers that the server would not take are found before they are sent, by their bytes", () => {
  assert.deepEqual(tooLong({ name: "名".repeat(66), email: "a@b.c", story: "好".repeat(1000) }, { plan: "gold" }), {});
  assert.deepEqual(tooLong({ name: "名".repeat(67), email: `${"a".repeat(320)}@b.c` }, {}), { name: "tooLong", email: "tooLong" });
  assert.deepEqual(tooLong({ name: "Mei", topic: "order", story: "好".repeat(1400) }, {}), { story: "tooLong" });
  assert.deepEqual(tooLong({ story: "好".repeat(600) }, { known: "x".repeat(3000) }), { story: "tooLong" });
  assert.deepEqual(tooLong({ name: "Mei" }, { known: "x".repeat(5000) }), {}, "that is the shop's own");
});
