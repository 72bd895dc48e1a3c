import { expect, test, vi } from "vitest";
import { ApiError } from "../../api/client.ts";
import type { KnowledgeDocument } from "../../api/schema.ts";
import { Files, type Send } from "./files.ts";
import { beginning, languageOf } from "./language.ts";

const made = (name: string) => ({ id: name, title: name }) as KnowledgeDocument;
const file = (name: string, text = "x") => new File([text], name);
const settled = (f: Files) => vi.waitFor(() => expect(f.list.every((a) => a.state === "done" || a.state === "failed")).toBe(true));

test("files go one after the other, and each has its own end", async () => {
  let at = 0, most = 0;
  const send: Send = async (a, progress) => {
    most = Math.max(most, ++at);
    progress(.5);
    await Promise.resolve();
    at--;
    if (a.file.name === "full.txt") throw new ApiError(409, "knowledge_full", "all documents together may have 1500 bytes");
    return made(a.file.name);
  };
  const added = vi.fn();
  const f = new Files(send, added);
  f.add([file("one.md"), file("full.txt"), file("picture.png"), file("empty.md", ""), file("two.csv")]);
  await settled(f);
  expect(f.list.map((a) => a.state)).toEqual(["done", "failed", "failed", "failed", "done"]);
  expect(f.list[1]?.reason).toBe("All documents together are as large as they may be. Delete some first.");
  expect(f.list[2]?.reason).toMatch(/Markdown/);
  expect(f.list[3]?.reason).toBe("The file is empty.");
  expect(f.list[4]?.document?.id).toBe("two.csv");
  expect([most, added.mock.calls.length]).toEqual([1, 2]);
  f.clear();
  expect(f.list).toEqual([]);
});

test("what failed can be tried again; what is given up is stopped", async () => {
  let fail = true;
  const f = new Files((a, _, signal) => {
    if (a.file.name !== "slow.md") return fail ? Promise.reject(new ApiError(0, "network", "")) : Promise.resolve(made("again"));
    return new Promise((__, no) => signal.addEventListener("abort", () => no(new ApiError(0, "aborted", ""))));
  }, () => undefined);
  f.add([file("a.md")]);
  await settled(f);
  fail = false;
  f.retry(f.list[0]!.id);
  await vi.waitFor(() => expect(f.list[0]?.state).toBe("done"));
  f.add([file("slow.md"), file("b.md")]);
  await vi.waitFor(() => expect(f.list[0]?.state).toBe("sending"));
  f.drop(f.list[0]!.id);
  await vi.waitFor(() => expect(f.list.map((a) => [a.file.name, a.state])).toEqual([["b.md", "done"]]));
});

test("the language of a file", async () => {
  expect(languageOf("returns.zh.md", "English text")).toBe("zh");
  expect(languageOf("goods-en.csv", "")).toBe("en");
  expect(languageOf("faq_pt-BR.md", "")).toBe("pt");
  expect(languageOf("notes.md", "满 299 元包邮 free shipping")).toBe("zh");
  expect(languageOf("notes.md", "送料は無料です")).toBe("ja");
  expect(languageOf("notes.md", "배송은 무료입니다")).toBe("ko");
  expect(languageOf("notes.md", "Livraison gratuite")).toBe("");
  expect(languageOf("chosen.md", "")).toBe("");
  expect(await beginning(new Blob(["退".repeat(9_000)]))).toHaveLength(5_461); // cut in the middle of a letter
  expect(await beginning(new Blob([new Uint8Array([0xcd, 0xcb, 0xbb, 0xf5])]))).toBe("");
});
