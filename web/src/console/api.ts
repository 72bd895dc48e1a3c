// The console's HTTP calls, with tokens that are renewed for all tabs at once.

import { load, save, withLock } from "../shared/browser.ts";
import type { Message } from "../shared/packets.ts";
import type { UUID } from "../shared/uuid.ts";

export interface Me { id: UUID; name: string; email: string; role: string }
export interface Tokens { access_token: string; refresh_token: string; expires_in: number; agent: Me; ws_url: string; until: number }

export interface Conversation {
  id: UUID; status: "queued" | "open" | "bot" | "snoozed" | "closed"; visitor_id: UUID; visitor_name: string;
  assignee_id: UUID | null; unread: number; last_message: Pick<Message, "body" | "time" | "role"> | null;
  created_at: string; queued_at: string | null; closed_at: string | null;
}

/** What a problem document says. status 0: the server was not reached. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly retryAfter = 0) {
    super(message);
  }
}

const key = "uniqchat:console:tokens";

export function tokens(): Tokens | null {
  const t = load(key) as Tokens | null;
  return typeof t?.access_token === "string" && typeof t.refresh_token === "string" ? t : null;
}

function keep(t: Tokens | null): void {
  if (t !== null) t.until = Date.now() + t.expires_in * 1000;
  save(key, t);
}

async function request<T>(method: string, path: string, token: string | null, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (token !== null) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let r: Response;
  try {
    r = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: AbortSignal.timeout(15_000) });
  } catch (e) {
    throw new ApiError(0, "network", e instanceof Error ? e.message : String(e));
  }
  if (r.status === 204) return undefined as T;
  const data = (await r.json().catch(() => null)) as { code?: string; detail?: string; title?: string } | null;
  if (r.ok && data !== null) return data as T;
  throw new ApiError(r.status, data?.code ?? "", data?.detail ?? data?.title ?? r.statusText, Number(r.headers.get("Retry-After") ?? 0) * 1000);
}

export async function login(email: string, password: string, tenant: string): Promise<Tokens> {
  const t = await request<Tokens>("POST", "/api/v1/auth/login", null, tenant === "" ? { email, password } : { email, password, tenant });
  keep(t);
  return t;
}

/** A token that is good for a while yet. stale: one that the server refused. Throws ApiError 401 if one has to log in. */
export async function access(stale = ""): Promise<Tokens> {
  const good = () => {
    const t = tokens();
    if (t === null) throw new ApiError(401, "logged_out", "logged out");
    return t.access_token !== stale && t.until > Date.now() + 30_000 ? t : null;
  };
  const have = good();
  if (have !== null) return have;
  return withLock("console-refresh", async () => {
    const other = good(); // another tab was faster
    if (other !== null) return other;
    try {
      const t = await request<Tokens>("POST", "/api/v1/auth/refresh", null, { refresh_token: tokens()?.refresh_token });
      keep(t);
      return t;
    } catch (e) {
      if (e instanceof ApiError && e.status === 401) keep(null);
      throw e;
    }
  });
}

/** A call with the agent's token. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const t = await access();
  try {
    return await request<T>(method, `/api/v1${path}`, t.access_token, body);
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 401) throw e;
    return request<T>(method, `/api/v1${path}`, (await access(t.access_token)).access_token, body);
  }
}

export async function logout(): Promise<void> {
  try {
    await call("POST", "/auth/logout");
  } finally {
    keep(null);
  }
}
