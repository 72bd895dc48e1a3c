// The HTTP API as the widget uses it: what a visitor asks for that is no message.

import type { Session } from "./session.ts";

/** Why the server did not do it. code is stable; message is for people, in their language if the server has it. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly retryAfter: number) {
    super(message);
  }
}

/** Reads a problem document (RFC 9457). A 429 says so in `error`. */
export function readProblem(status: number, text: string, retryAfter: string | null): Problem {
  let p: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) p = parsed as Record<string, unknown>;
  } catch {
    // Something in between answered.
  }
  const first = (...all: unknown[]) => String(all.find((s) => typeof s === "string" && s !== "") ?? "");
  return new Problem(status, first(p["code"], `http_${status}`), first(p["error"], p["detail"], p["title"], String(status)), Number(retryAfter ?? 0) * 1000 || 0);
}

export async function problemOf(r: Response): Promise<Problem> {
  return readProblem(r.status, await r.text().catch(() => ""), r.headers.get("Retry-After"));
}

const patience = 20_000;

export class Api {
  constructor(readonly base: string, private readonly session: Session) {}

  /** The header of every request. */
  async headers(renew = false): Promise<Record<string, string>> {
    const { token } = await this.session.credentials(renew);
    return { Authorization: `Bearer ${token}`, "Accept-Language": this.session.language };
  }

  /** Asks the server; a token that has run out is renewed once. Throws Problem. */
  async call(method: string, path: string, body?: unknown): Promise<Response> {
    for (let renew = false; ; renew = true) {
      const headers = await this.headers(renew);
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const r = await fetch(`${this.base}/api/v1${path}`, {
        method, headers, body: body === undefined ? null : JSON.stringify(body), signal: AbortSignal.timeout(patience), credentials: "omit",
      });
      if (r.ok) return r;
      if (r.status !== 401 || renew) throw await problemOf(r);
    }
  }
}
