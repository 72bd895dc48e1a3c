// Files on their way up, one after the other, so that their messages come in the order in which they were chosen. They go on while
// somebody looks at another conversation.

import { useSyncExternalStore } from "react";
import { cleanText, type Body, type Visibility } from "../../shared/packets.ts";
import { uuidv4 } from "../../shared/uuid.ts";
import { ApiError } from "../api/client.ts";
import type { Upload as Uploaded } from "../api/schema.ts";
import { cache } from "../api/query.ts";
import { upload } from "../api/upload.ts";
import { reason } from "../ui/problem.tsx";
import { uploadOf } from "../../widget/text.ts";

/** waiting: its turn has not come, or the server asks for patience. reason: why it failed. progress: 0 to 1. */
export interface Upload { readonly id: string; readonly file: File; readonly visibility: Visibility; readonly state: "waiting" | "sending" | "failed"; readonly progress: number; readonly reason: string }

/** Sends the message of a file that is up. */
type Send = (conv: string, kind: "image" | "file", body: Body, visibility: Visibility) => void;

const picture = /^image\/(png|jpeg|gif|webp|avif)$/;

export class Uploads {
  list: readonly Upload[] = [];
  private readonly listeners = new Set<() => void>();
  private giveUp = new AbortController();
  private busy = false;

  constructor(private readonly conv: string) {}

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  };

  add(files: Iterable<File>, visibility: Visibility): void {
    for (const file of files) this.list = [...this.list, { id: uuidv4(), file, visibility, state: "waiting", progress: 0, reason: "" }];
    this.changed();
    void this.pump();
  }

  cancel(id: string): void {
    const u = this.list.find((x) => x.id === id);
    this.list = this.list.filter((x) => x.id !== id);
    if (u?.state === "sending") this.giveUp.abort();
    this.changed();
  }

  /** Gives up all of them. */
  end(): void {
    this.list = [];
    this.giveUp.abort();
    this.changed();
  }

  retry(id: string): void {
    this.update(id, { state: "waiting", reason: "" });
    void this.pump();
  }

  private update(id: string, change: Partial<Upload>): void {
    this.list = this.list.map((u) => (u.id === id ? { ...u, ...change } : u));
    this.changed();
  }

  private changed(): void {
    for (const f of this.listeners) f();
  }

  private async pump(): Promise<void> {
    const u = this.list.find((x) => x.state === "waiting");
    if (this.busy || u === undefined) return;
    this.busy = true;
    try {
      await this.send(u);
    } finally {
      this.busy = false;
      void this.pump();
    }
  }

  private async send(u: Upload): Promise<void> {
    this.update(u.id, { state: "sending", progress: 0 });
    try {
      const form = new FormData();
      form.append("file", u.file, cleanText(u.file.name) || "file");
      this.giveUp = new AbortController();
      const a = await upload<Uploaded>("/uploads", form, { progress: (progress) => this.update(u.id, { progress }), signal: this.giveUp.signal });
      if (!this.list.some((x) => x.id === u.id)) return; // given up at the last moment
      cache.setQueryData(["file", uploadOf(a.url)], a.link);
      const image = picture.test(a.mime) && (a.width ?? 0) > 0;
      send(this.conv, image ? "image" : "file", { url: a.url, name: a.name, size: a.size, mime: a.mime, ...(image ? { width: a.width, height: a.height } : {}) }, u.visibility);
      this.list = this.list.filter((x) => x.id !== u.id);
      this.changed();
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      if (e.code === "aborted") return;
      const wait = e.status === 429 || e.status === 503;
      if (wait) await new Promise((r) => setTimeout(r, Math.max(1000, e.retryAfter)));
      this.update(u.id, wait ? { state: "waiting" } : { state: "failed", reason: reason(e) });
    }
  }
}

const all = new Map<string, Uploads>();
let send: Send = () => undefined;

/** Says who sends, from now on: the connection that there is, not the one that there was when a file was chosen. */
export function sendUploads(f: Send): void {
  send = f;
}

/** The uploads of a conversation. */
export function useUploads(conv: string): Uploads {
  let u = all.get(conv);
  if (u === undefined) all.set(conv, (u = new Uploads(conv)));
  useSyncExternalStore(u.subscribe, () => u.list);
  return u;
}

/** Gives up every upload: whoever chose the files is not here any more. */
export function endUploads(): void {
  for (const u of all.values()) u.end();
  all.clear();
}
