// The console's HTTP calls, typed by the API's document, with tokens that are renewed for all tabs at once.

import { withLock } from "../../shared/browser.ts";
import { eventReader } from "../ai/events.ts";
import { locale } from "../i18n/index.ts";
import { attemptOf, keepTokens, tokens, type Tokens } from "./tokens.ts";
import type { Api, Problem } from "./schema.ts";

/** What a problem document says. status 0: the server was not reached. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly retryAfter = 0, readonly problem: Partial<Problem> = {}) {
    super(message);
  }

  /** What is wrong with a field of the body, e.g. "email"; "" if nothing was said of it. */
  field(name: string): string {
    return this.problem.errors?.find((e) => e.location === `body.${name}`)?.message ?? "";
  }
}

/** "GET /conversations/{id}" and the like. */
export type Operation = keyof Api;
type Part<O extends Operation, K extends "path" | "query"> = Api[O][K];

/** What an operation needs: path parameters, query, body, where it has them. */
export type Args<O extends Operation> =
  (unknown extends Part<O, "path"> ? unknown : { path: Part<O, "path"> }) &
  (unknown extends Part<O, "query"> ? unknown : { query?: Part<O, "query"> }) &
  (Api[O]["body"] extends undefined ? unknown : { body: Api[O]["body"] });
export type Answer<O extends Operation> = Api[O]["answer"];

interface Loose { path?: Record<string, string>; query?: Record<string, unknown>; body?: unknown }
interface More {
  signal?: AbortSignal;
  /** An Idempotency-Key: the same call again makes nothing twice. */
  key?: string;
  /** How long it may take, in milliseconds. */
  patience?: number;
}

/** A call with the agent's token. */
export async function call<O extends Operation>(operation: O, args: Args<O>, more: More = {}): Promise<Answer<O>> {
  const t = await access();
  try {
    return await request<Answer<O>>(operation, args as Loose, t.access_token, more);
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 401 || e.code === "password_wrong") throw e;
    return request<Answer<O>>(operation, args as Loose, (await access(t.access_token)).access_token, more);
  }
}

/** A call without a credential: log in. */
export function callOpen<O extends Operation>(operation: O, args: Args<O>): Promise<Answer<O>> {
  return request<Answer<O>>(operation, args as Loose, null, {});
}

/** A call that answers a file. */
export async function download<O extends Operation>(operation: O, args: Args<O>, accept: string): Promise<Blob> {
  const { path, query } = args as Loose;
  const r = await raw(operation, { path, query }, (await access()).access_token, { Accept: accept }, {});
  return r.blob();
}

/** A call that answers with events, which are told as they come. The result is what the last one says, done; an event error is thrown. */
export async function stream<O extends Operation>(operation: O, args: Args<O>, told: (name: string, data: unknown) => void, more: More = {}): Promise<Answer<O>> {
  const r = await raw(operation, args as Loose, (await access()).access_token, { Accept: "text/event-stream" }, { patience: long, ...more });
  const read = eventReader();
  const decoder = new TextDecoder();
  const reader = r.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    for (const e of read(decoder.decode(value, { stream: !done }))) {
      const data = JSON.parse(e.data) as unknown;
      if (e.name === "done") return data as Answer<O>;
      if (e.name === "error") {
        const p = data as Partial<Problem>;
        throw new ApiError(p.status ?? 500, p.code ?? "", p.detail ?? p.title ?? "", 0, p);
      }
      told(e.name, data);
    }
    if (done) throw new ApiError(0, "network", "the answer broke off");
  }
}

/** For what engines are asked. */
export const long = 60_000;

/** The address of an operation. */
export function address(operation: string, args: Loose): string {
  const path = operation.slice(operation.indexOf(" ") + 1).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(args.path?.[name] ?? ""));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args.query ?? {})) if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  return `/api/v1${path}${query.size > 0 ? `?${query}` : ""}`;
}

const patience = 20_000;

async function request<T>(operation: string, args: Loose, token: string | null, more: More): Promise<T> {
  const r = await raw(operation, args, token, {}, more);
  if (r.status === 204 || r.headers.get("Content-Length") === "0") return undefined as T;
  if (!/json/.test(r.headers.get("Content-Type") ?? "")) return (await r.blob()) as T;
  return (await r.json()) as T;
}

async function raw(operation: string, args: Loose, token: string | null, headers: Record<string, string>, more: More): Promise<Response> {
  const all: Record<string, string> = { "Accept-Language": locale(), ...headers };
  if (token !== null) all["Authorization"] = `Bearer ${token}`;
  if (more.key !== undefined) all["Idempotency-Key"] = more.key;
  let body: BodyInit | null = null;
  if (args.body instanceof FormData) body = args.body;
  else if (args.body !== undefined) {
    all["Content-Type"] = "application/json";
    body = JSON.stringify(args.body);
  }
  let r: Response;
  try {
    const signals = [AbortSignal.timeout(more.patience ?? patience), ...(more.signal === undefined ? [] : [more.signal])];
    r = await fetch(address(operation, args), { method: operation.slice(0, operation.indexOf(" ")), headers: all, body, signal: AbortSignal.any(signals) });
  } catch (e) {
    if (more.signal?.aborted === true) throw e;
    throw new ApiError(0, "network", e instanceof Error ? e.message : String(e));
  }
  if (r.ok) return r;
  const p = (await r.json().catch(() => null)) as Partial<Problem> | null;
  throw new ApiError(r.status, p?.code ?? "", p?.detail ?? p?.title ?? r.statusText, Number(r.headers.get("Retry-After") ?? 0) * 1000, p ?? {});
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
    const was = tokens();
    if (was === null) throw new ApiError(401, "logged_out", "logged out");
    try {
      const t = await callOpen("POST /auth/refresh", { body: { refresh_token: was.refresh_token, attempt: attemptOf(was) } });
      return keepTokens(t);
    } catch (e) {
      if (e instanceof ApiError && e.status === 401 && tokens()?.refresh_token === was.refresh_token) keepTokens(null);
      throw e;
    }
  });
}

/** Asks for new tokens: what they say of who is logged in has changed. */
export const renew = (): void => void access(tokens()?.access_token).catch(() => undefined);
