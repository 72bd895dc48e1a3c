// Sends a form with a file, and tells how far it is, which fetch does not.

import { locale } from "../i18n/index.ts";
import { access, ApiError } from "./client.ts";
import type { Problem } from "./schema.ts";

export interface UploadOptions {
  /** How much of it is up, 0 to 1. */
  progress: (part: number) => void;
  /** Gives up: the upload fails with the code "aborted". */
  signal: AbortSignal;
  /** An Idempotency-Key: the same file again makes nothing twice. */
  key?: string;
}

/** Posts a form to a path of the API, and returns what that answers. Throws ApiError. */
export async function upload<T>(path: string, form: FormData, o: UploadOptions, stale = ""): Promise<T> {
  const token = (await access(stale)).access_token;
  const r = await new Promise<XMLHttpRequest>((done, fail) => {
    const x = new XMLHttpRequest();
    x.open("POST", `/api/v1${path}`);
    x.setRequestHeader("Authorization", `Bearer ${token}`);
    x.setRequestHeader("Accept-Language", locale());
    if (o.key !== undefined) x.setRequestHeader("Idempotency-Key", o.key);
    x.upload.onprogress = (e) => o.progress(e.lengthComputable ? e.loaded / e.total : 0);
    x.onload = () => done(x);
    x.onerror = () => fail(new ApiError(0, "network", ""));
    x.onabort = () => fail(new ApiError(0, "aborted", ""));
    if (o.signal.aborted) {
      fail(new ApiError(0, "aborted", ""));
      return;
    }
    o.signal.addEventListener("abort", () => x.abort());
    x.send(form);
  });
  if (r.status === 401 && stale === "") return upload<T>(path, form, o, token);
  if (r.status < 300) return JSON.parse(r.responseText) as T;
  const p = parsed(r.responseText);
  throw new ApiError(r.status, p.code ?? "", p.detail ?? p.title ?? "", Number(r.getResponseHeader("Retry-After") ?? 0) * 1000, p);
}

function parsed(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return {};
  }
}
