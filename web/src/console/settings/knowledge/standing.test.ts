import { expect, test } from "vitest";
import type { GoldenQuestion, KnowledgeDocument, KnowledgeIndex } from "../../api/schema.ts";
import { arrange, busy, isEarly, languageName, mostTold, part, resultOf, sign } from "./standing.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 27, 1, minute)).toISOString();
const golden = (id: string, minute = 0): GoldenQuestion => ({ id, question: id, document_id: "d", within: 3, created_at: at(0), updated_at: at(minute) });
const index = (change: Partial<KnowledgeIndex> = {}): KnowledgeIndex => ({
  version: 1, state: "idle", done: 0, total: 0, rolled_back: false, documents: 1, chunks: 1, embedder: "e", built_at: at(5), canary_plan: { percent: 0, minutes: 0 },
  versions: [{ version: 1, active: true, used: true, documents: 1, chunks: 1, embedder: "e", created_at: at(5) }], ...change,
});
const failure = (ids: string[], reason: "golden" | "too_many" | "canary" = "golden") => ({ at: at(10), reason, golden_asked: 9, golden: ids.map((id) => ({ id, question: id, document_id: "d", found_document_id: id === "none" ? null : "other" })) });

test("a golden question's last result", () => {
  expect(resultOf(golden("a"), undefined).verdict).toBe("unknown");
  expect(resultOf(golden("a"), index({ version: 0, versions: [], built_at: null })).verdict).toBe("unknown");
  expect(resultOf(golden("a", 20), index()).verdict).toBe("passed"); // an index that did not change keeps its version
  expect(resultOf(golden("a"), index({ last_failure: failure(["a"]) }))).toEqual({ verdict: "failed", found: "other" });
  expect(resultOf(golden("none"), index({ last_failure: failure(["none"]) }))).toEqual({ verdict: "failed", found: null });
  expect(resultOf(golden("b"), index({ last_failure: failure(["a"]) })).verdict).toBe("passed");
  expect(resultOf(golden("b"), index({ last_failure: failure(Array.from({ length: mostTold }, (_, n) => `x${n}`)) })).verdict).toBe("unknown"); // more may have failed than are told
  expect(resultOf(golden("b"), index({ last_failure: failure([], "too_many") })).verdict).toBe("unknown");
  expect(resultOf(golden("b"), index({ last_failure: failure([], "canary") })).verdict).toBe("passed");
  expect(resultOf(golden("a", 20), index({ state: "building", last_failure: failure(["a"]) })).verdict).toBe("waiting");
  expect(resultOf(golden("a", 1), index({ state: "building" })).verdict).toBe("passed");
});

test("how far a build is", () => {
  expect(busy(undefined)).toBe(false);
  expect(busy(index({ state: "waiting" }))).toBe(true);
  expect(part(index({ state: "waiting" }))).toBeNull();
  expect(part(index({ state: "building", done: 0, total: 0 }))).toBeNull();
  expect(part(index({ state: "building", done: 3, total: 12 }))).toBe(.25);
});

test("what follows from the index is read again when the index is another, and only then", () => {
  expect(sign(index({ state: "building", done: 1, total: 9 }))).toBe(sign(index({ state: "waiting" })));
  for (const other of [index({ version: 2 }), index({ state: "building" }), index({ last_failure: failure(["a"]) })]) expect(sign(other)).not.toBe(sign(index()));
});

const document = (title: string, bytes: number, minute: number, state: KnowledgeDocument["state"] = "indexed"): KnowledgeDocument =>
  ({ id: title, title, format: "markdown", url: `https://shop.example/${bytes}`, language: "", bytes, chunks: 1, enabled: state !== "disabled", state, created_at: at(0), updated_at: at(minute) });

test("what was read a moment before its index was ready is read again, what stays is not", () => {
  const [waits, leaves, stays] = (["pending", "leaving", "disabled"] as const).map((state) => document("a", 1, 1, state)) as [KnowledgeDocument, KnowledgeDocument, KnowledgeDocument];
  expect([waits, leaves, stays].map((d) => isEarly(d, index()))).toEqual([true, true, false]);
  for (const d of [waits, leaves]) expect(isEarly(d, index({ state: "building" }))).toBe(false);
  for (const other of [index({ last_failure: failure(["a"]) }), index({ rolled_back: true })]) expect(isEarly(leaves, other)).toBe(false);
});

test("documents are found and sorted", () => {
  const all = [document("Part 10", 5, 1), document("part 2", 50, 2), document("退换货", 500, 3, "failed")];
  const titles = (how: Partial<Parameters<typeof arrange>[1]>) => arrange(all, { word: "", state: "", sort: "changed", ...how }, "en").map((d) => d.title);
  expect(titles({})).toEqual(["退换货", "part 2", "Part 10"]);
  expect(titles({ sort: "size" })).toEqual(["退换货", "part 2", "Part 10"]);
  expect(titles({ sort: "title" })).toEqual(["part 2", "Part 10", "退换货"]);
  expect(titles({ word: " PART " })).toEqual(["part 2", "Part 10"]);
  expect(titles({ word: "example/500" })).toEqual(["退换货"]);
  expect(titles({ state: "failed" })).toEqual(["退换货"]);
  expect(titles({ state: "disabled" })).toEqual([]);
});

test("languages have names", () => {
  expect(languageName("zh", "en")).toBe("Chinese");
  expect(languageName("not a tag", "en")).toBe("not a tag");
});
