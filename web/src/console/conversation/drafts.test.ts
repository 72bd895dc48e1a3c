import { beforeEach, expect, test } from "vitest";
import { loadDraft, saveDraft } from "./drafts.ts";

beforeEach(() => sessionStorage.clear());

test("a draft is kept with whom it is for, by conversation", () => {
  saveDraft("a", { text: "between us", mode: "note" });
  saveDraft("b", { text: "hello", mode: "reply" });
  expect([loadDraft("a"), loadDraft("b"), loadDraft("c")]).toEqual([{ text: "between us", mode: "note" }, { text: "hello", mode: "reply" }, { text: "", mode: "reply" }]);
  saveDraft("a", { text: "between us", mode: "reply" }); // changed on purpose
  expect(loadDraft("a")).toEqual({ text: "between us", mode: "reply" });
});

test("nothing is left of a draft that was sent", () => {
  saveDraft("a", { text: "between us", mode: "note" });
  saveDraft("a", { text: "", mode: "note" });
  expect(sessionStorage.length).toBe(0);
  expect(loadDraft("a").mode).toBe("reply");
});

test("a draft of before modes were kept is a reply", () => {
  sessionStorage.setItem("uniqchat:console:draft:a", '{"text":"as it stands"}');
  expect(loadDraft("a")).toEqual({ text: '{"text":"as it stands"}', mode: "reply" });
});
