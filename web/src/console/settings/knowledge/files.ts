// Files on their way into the knowledge base, one after the other. They go on while somebody looks at another page.

import { useSyncExternalStore } from "react";
import { cleanText } from "../../../shared/packets.ts";
import { uuidv4 } from "../../../shared/uuid.ts";
import { ApiError } from "../../api/client.ts";
import type { KnowledgeDocument } from "../../api/schema.ts";
import { upload } from "../../api/upload.ts";
import { words } from "../../i18n/index.ts";
import { explain } from "../parts/errors.ts";
import { beginning, languageOf } from "./language.ts";

/** waiting: its turn has not come, or the server asks for patience. reason: why it failed. progress: 0 to 1. document: what became of it. */
export interface Added { readonly id: string; readonly file: File; readonly state: "waiting" | "sending" | "done" | "failed"; readonly progress: number; readonly reason: string; readonly document: KnowledgeDocument | null }

const readable = /\.(pdf|docx|md|markdown|html?|xhtml|txt|text|csv|tsv)$/i;

/** What a file field lets choose. */
export const accepted = ".pdf,.docx,.md,.markdown,.html,.htm,.xhtml,.txt,.text,.csv,.tsv";

/** Sends one file. Throws ApiError. */
export type Send = (added: Added, progress: (part: number) => void, signal: AbortSignal) => Promise<KnowledgeDocument>;

export class Files {
  list: readonly Added[] = [];
  private readonly listeners = new Set<() => void>();
  private giveUp = new AbortController();
  private busy = false;

  /** added is called for each file that has become a document. */
  constructor(private readonly send: Send, private readonly added: () => void) {}

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  };

  add(files: Iterable<File>): void {
    const t = words().knowledge.files;
    const fresh = [...files].map((file): Added => {
      const reason = !readable.test(file.name) ? t.unreadable : file.size === 0 ? t.empty : "";
      return { id: uuidv4(), file, state: reason === "" ? "waiting" : "failed", progress: 0, reason, document: null };
    });
    this.list = [...this.list.filter((a) => a.state !== "done"), ...fresh];
    this.changed();
    void this.pump();
  }

  /** Takes a file off the list, and gives up sending it. */
  drop(id: string): void {
    const sending = this.list.some((a) => a.id === id && a.state === "sending");
    this.list = this.list.filter((a) => a.id !== id);
    if (sending) this.giveUp.abort();
    this.changed();
  }

  /** Takes everything off the list that is not on its way. */
  clear(): void {
    this.list = this.list.filter((a) => a.state === "waiting" || a.state === "sending");
    this.changed();
  }

  retry(id: string): void {
    this.update(id, { state: "waiting", reason: "" });
    void this.pump();
  }

  private update(id: string, change: Partial<Added>): void {
    this.list = this.list.map((a) => (a.id === id ? { ...a, ...change } : a));
    this.changed();
  }

  private changed(): void {
    for (const f of this.listeners) f();
  }

  private async pump(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    window.addEventListener("beforeunload", stay);
    for (let next = this.next(); next !== undefined; next = this.next()) await this.one(next);
    window.removeEventListener("beforeunload", stay);
    this.busy = false;
  }

  private next(): Added | undefined {
    return this.list.find((a) => a.state === "waiting");
  }

  private async one(a: Added): Promise<void> {
    this.giveUp = new AbortController();
    this.update(a.id, { state: "sending", progress: 0 });
    try {
      const document = await this.send(a, (progress) => this.update(a.id, { progress }), this.giveUp.signal);
      this.update(a.id, { state: "done", progress: 1, document });
      this.added();
    } catch (e) {
      const patience = e instanceof ApiError && (e.status === 429 || e.status === 503) && e.code !== "knowledge_off";
      if (patience) await new Promise((r) => setTimeout(r, Math.max(1000, e.retryAfter)));
      this.update(a.id, patience ? { state: "waiting" } : { state: "failed", reason: refusal(e) });
    }
  }
}

/** Why a file was refused, in the language that is spoken: what is wrong inside of it has no code of its own. */
function refusal(e: unknown): string {
  const t = words().knowledge;
  const told = explain(e);
  if (!(e instanceof ApiError) || e.status !== 400) return told;
  if (e.message.includes("no row with a question")) return t.edit.noRows;
  return e.message.includes("nothing to find") ? t.files.empty : told.replace(/^(?:text|file): /, "");
}

const stay = (e: BeforeUnloadEvent) => e.preventDefault();

/** Sends a file to the server, with the language that it seems to have. */
export const toServer: Send = async (a, progress, signal) => {
  const form = new FormData();
  const language = languageOf(a.file.name, await beginning(a.file));
  if (language !== "") form.append("language", language);
  form.append("file", a.file, cleanText(a.file.name) || "file");
  return upload<KnowledgeDocument>("/knowledge/documents", form, { progress, signal, key: a.id });
};

export function useFiles(files: Files): readonly Added[] {
  return useSyncExternalStore(files.subscribe, () => files.list);
}
