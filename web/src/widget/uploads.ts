// Uploads: files on their way up. One goes at a time, in the order they were chosen, so that their messages come in that order.

import { realClock } from "../shared/clock.ts";
import { cleanText, type Body } from "../shared/packets.ts";
import { uuidv4, type UUID } from "../shared/uuid.ts";
import { Problem, readProblem } from "./api.ts";
import type { FileLink, Links } from "./links.ts";
import type { Room } from "./room.ts";
import { uploadOf } from "./text.ts";

/** waiting: its turn has not come, or the server asks for patience until `until`. failed: `code` says why. */
export interface Upload {
  readonly id: UUID;
  readonly file: File;
  /** A picture of it that needs no server; "" if it is none. */
  readonly preview: string;
  state: "waiting" | "sending" | "failed";
  /** 0 to 1. */
  progress: number;
  until: number;
  code: string;
  reason: string;
}

interface Answer { url: string; name: string; size: number; mime: string; width?: number; height?: number; link: FileLink }

const shown = /^image\/(png|jpeg|gif|webp|avif)$/;

export class Uploads {
  list: readonly Upload[] = [];
  private request: XMLHttpRequest | null = null;
  private busy = false;

  constructor(private readonly room: Room, private readonly links: Links, private readonly changed: () => void) {
    addEventListener("online", () => this.again());
  }

  /** The network is back, or the server: what broke off goes on by itself. */
  again(): void {
    for (const u of this.list) if (u.code === "offline") this.retry(u.id);
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const preview = shown.test(file.type) ? URL.createObjectURL(file) : "";
      this.list = [...this.list, { id: uuidv4(), file, preview, state: "waiting", progress: 0, until: 0, code: "", reason: "" }];
    }
    this.changed();
    void this.pump();
  }

  cancel(id: UUID): void {
    const u = this.list.find((x) => x.id === id);
    if (u === undefined) return;
    this.list = this.list.filter((x) => x !== u);
    if (u.preview !== "") URL.revokeObjectURL(u.preview);
    if (u.state === "sending") this.request?.abort();
    this.changed();
    void this.pump();
  }

  retry(id: UUID): void {
    const u = this.list.find((x) => x.id === id);
    if (u?.state !== "failed") return;
    u.state = "waiting";
    this.changed();
    void this.pump();
  }

  private async pump(): Promise<void> {
    if (this.busy) return;
    const u = this.list.find((x) => x.state === "waiting");
    if (u === undefined) return;
    this.busy = true;
    try {
      if (u.until > Date.now()) await new Promise<void>((done) => realClock.after(u.until - Date.now(), done));
      if (this.list.includes(u)) await this.send(u);
    } finally {
      this.busy = false;
      this.changed();
      void this.pump();
    }
  }

  private async send(u: Upload): Promise<void> {
    u.state = "sending";
    u.progress = 0;
    this.changed();
    try {
      const a = await this.post(u, false);
      this.wanted(u);
      this.links.put(uploadOf(a.url), a.link, u.preview);
      const body: Body = { url: a.url, name: a.name, size: a.size, mime: a.mime };
      const image = shown.test(a.mime) && (a.width ?? 0) > 0;
      if (image) Object.assign(body, { width: a.width, height: a.height });
      this.list = this.list.filter((x) => x !== u);
      await this.room.send(image ? "image" : "file", body);
    } catch (e) {
      const p = e instanceof Problem ? e : null;
      if (p?.code === "aborted") return;
      const wait = p !== null && (p.status === 429 || p.status === 503);
      u.state = wait ? "waiting" : "failed";
      u.until = wait ? Date.now() + Math.max(1000, p.retryAfter) : 0;
      u.code = p?.code ?? "offline";
      u.reason = p?.message ?? "";
    }
  }

  /** Throws if it was taken back meanwhile, by the visitor or by a reset. */
  private wanted(u: Upload): void {
    if (!this.list.includes(u)) throw new Problem(0, "aborted", "", 0);
  }

  private async post(u: Upload, renew: boolean): Promise<Answer> {
    const headers = await this.room.api.headers(renew);
    this.wanted(u);
    const form = new FormData();
    form.append("file", u.file, cleanText(u.file.name) || "file");
    const r = await new Promise<XMLHttpRequest>((done, fail) => {
      const x = (this.request = new XMLHttpRequest()); // fetch tells no progress
      x.open("POST", `${this.room.api.base}/api/v1/uploads`);
      for (const [name, value] of Object.entries(headers)) x.setRequestHeader(name, value);
      const began = Date.now(), goesOn = () => { x.timeout = Date.now() - began + 60_000; }; // a connection may die without a word
      x.upload.onprogress = (e) => {
        goesOn();
        u.progress = e.lengthComputable ? e.loaded / e.total : 0;
        this.changed();
      };
      x.onload = () => done(x);
      x.ontimeout = () => fail(new Problem(503, "offline", "", 0)); // it is tried again
      x.onerror = () => fail(new Problem(0, "offline", "", 0));
      x.onabort = () => fail(new Problem(0, "aborted", "", 0));
      goesOn();
      x.send(form);
    });
    if (r.status === 401 && !renew) return this.post(u, true);
    if (r.status >= 300) throw readProblem(r.status, r.responseText, r.getResponseHeader("Retry-After"));
    return JSON.parse(r.responseText) as Answer;
  }
}
