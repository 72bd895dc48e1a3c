// The visitor's session: a token for this site key, kept over reloads, shared by the browser's tabs and renewed in time.

import { load, save, withLock } from "../shared/browser.ts";
import { CredentialsError, type Credentials } from "../shared/link.ts";
import { closeTooMany } from "../shared/names.ts";
import type { UUID } from "../shared/uuid.ts";
import { problemOf } from "./api.ts";

/** What a shop says of its visitor, by setUser and setAttributes. */
export interface Identity {
  external_id?: string; identity_token?: string; identity_hmac?: string; name?: string; email?: string; attributes?: Record<string, unknown>;
}

/** What the server says of how a site wants its widget. It came from outside: every member may be missing. */
export interface SiteConfig {
  open?: boolean; next_open_at?: string | null; triggers?: unknown; agents_online?: boolean; join_seconds?: number | null;
}

export interface Visitor { id: UUID; name: string; email: string; verified: boolean }

interface Stored {
  token: string; until: number; visitor: Visitor; conv: UUID; url: string; config: SiteConfig; at: number;
  /** The conversation is closed: nothing to go on with unless the visitor comes back to it. */
  done: boolean;
  /** What the site asks before the chat has been answered. */
  asked: boolean;
}

interface Answer { token: string; expires_at: string; visitor: Partial<Visitor> & { id: UUID }; conversation_id: UUID | null; ws_url: string; config?: SiteConfig }

const margin = 10 * 60_000;

export const sessionKey = (siteKey: string) => `uniqchat:widget:${siteKey}`;

export class Session {
  readonly key: string;
  private identity: Identity = {};
  /** The identity has changed since the token was made. */
  private stale = false;

  constructor(private readonly base: string, readonly siteKey: string, public locale: string) {
    this.key = sessionKey(siteKey);
  }

  private get stored(): Stored {
    const s = (load(this.key) ?? {}) as Partial<Stored> & { visitor?: Visitor | string };
    const visitor = typeof s.visitor === "string" ? { id: s.visitor, name: "", email: "", verified: false } : s.visitor; // as 0.1 kept it
    const str = (v: unknown) => (typeof v === "string" ? v : "");
    return {
      token: str(s.token), until: Number(s.until) || 0, url: str(s.url), conv: str(s.conv), done: s.done === true, asked: s.asked === true, at: Number(s.at) || 0,
      visitor: { id: str(visitor?.id), name: str(visitor?.name), email: str(visitor?.email), verified: visitor?.verified === true },
      config: typeof s.config === "object" && s.config !== null ? s.config : {},
    };
  }

  private keep(change: Partial<Stored>): void {
    save(this.key, { ...this.stored, ...change });
  }

  get visitor(): Visitor {
    return this.stored.visitor;
  }

  /** Whose outbox it is; before the first session nobody's in particular. */
  get scope(): string {
    return `visitor:${this.stored.visitor.id}`;
  }

  get config(): SiteConfig {
    return this.stored.config;
  }

  /** The conversation that was shown last. */
  get conv(): UUID {
    return this.stored.conv;
  }

  set conv(conv: UUID) {
    if (conv !== this.conv) this.keep({ conv, done: false });
  }

  /** Nothing more is to be expected of it, unless the visitor comes back to it. */
  get done(): boolean {
    return this.stored.done;
  }

  set done(done: boolean) {
    if (done !== this.stored.done) this.keep({ done });
  }

  get asked(): boolean {
    return this.stored.asked;
  }

  answered(): void {
    this.keep({ asked: true });
  }

  /** What is known of the visitor already: by the server, or by what the page has just said. */
  knows(field: string): string {
    const said = this.identity as Record<string, unknown>;
    return String(said[field] ?? this.identity.attributes?.[field] ?? (field === "name" ? this.visitor.name : field === "email" ? this.visitor.email : ""));
  }

  /** Takes in what the shop says of its visitor. Reports whether it is news that a token has to carry. */
  identify(identity: Identity): boolean {
    const next = { ...this.identity, ...identity };
    if (identity.attributes !== undefined) next.attributes = { ...this.identity.attributes, ...identity.attributes };
    if (JSON.stringify(next) === JSON.stringify(this.identity)) return false;
    this.identity = next;
    this.stale = true;
    return true;
  }

  /** Forgets the visitor: the next one is somebody else. */
  reset(): void {
    this.identity = {};
    this.stale = false;
    save(this.key, null);
  }

  /** A token that is good for a while. renew: the last one was refused, or what it says is old. */
  async credentials(renew: boolean): Promise<Credentials> {
    const before = this.stored;
    if (before.token !== "" && !renew && !this.stale && before.until > Date.now() + margin) return { url: before.url, token: before.token };
    return withLock(`widget-${this.siteKey}`, async () => {
      const now = this.stored;
      if (now.token !== before.token && now.token !== "" && !this.stale) return { url: now.url, token: now.token }; // another tab was faster
      const stale = this.stale;
      this.stale = false;
      try {
        return this.took(await this.ask(now.until < Date.now() ? "" : now.token), now);
      } catch (e) {
        this.stale ||= stale;
        throw e;
      }
    });
  }

  /** What the server says now of the site, unless it was asked lately. */
  async refresh(maxAge: number): Promise<void> {
    if (Date.now() - this.stored.at > maxAge) await this.credentials(true);
  }

  private took(a: Answer, now: Stored): Credentials {
    const same = now.visitor.id === a.visitor.id || now.visitor.id === "";
    const conv = a.conversation_id ?? (same ? now.conv : "");
    save(this.key, {
      token: a.token, until: Date.parse(a.expires_at), url: a.ws_url, conv, at: Date.now(), config: a.config ?? {},
      visitor: { id: a.visitor.id, name: a.visitor.name ?? "", email: a.visitor.email ?? "", verified: a.visitor.verified === true },
      done: now.done && conv === now.conv, asked: now.asked && same,
    } satisfies Stored);
    return { url: a.ws_url, token: a.token };
  }

  private async ask(token: string): Promise<Answer> {
    const headers: Record<string, string> = { "Content-Type": "application/json", "Accept-Language": this.locale };
    if (token !== "") headers["Authorization"] = `Bearer ${token}`;
    let r: Response;
    try {
      r = await fetch(`${this.base}/api/v1/widget/session`, {
        method: "POST", headers, body: JSON.stringify({ site_key: this.siteKey, locale: this.locale.slice(0, 35), ...this.identity }),
        signal: AbortSignal.timeout(15_000), credentials: "omit",
      });
    } catch (e) {
      throw new CredentialsError(e instanceof Error ? e.message : String(e), false);
    }
    if (r.ok) return (await r.json()) as Answer;
    if (r.status === 401 && token !== "") return this.ask(""); // not renewable any more: a new visitor
    const p = await problemOf(r);
    throw new CredentialsError(p.message, r.status >= 400 && r.status < 500 && r.status !== 429, p.retryAfter, r.status === 429 ? closeTooMany : 0);
  }
}
