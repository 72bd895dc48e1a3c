// The visitor's session: a token for this site key, kept over reloads, shared by the browser's tabs and renewed in time.

import { load, save, withLock } from "../shared/browser.ts";
import { pickLanguage } from "../shared/i18n/index.ts";
import { CredentialsError, isCredentialsError, type Credentials } from "../shared/link.ts";
import { closeTooMany } from "../shared/names.ts";
import type { UUID } from "../shared/uuid.ts";
import { problemOf } from "./api.ts";
import { object } from "./site.ts";

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
  /** What pages said of the visitor, and what of it the server was told: where they differ there is news. */
  said: Identity; told: Identity;
  /** Who logs out begins another one; what was written in an earlier one is nobody's. */
  era: number;
}

interface Answer { token: string; expires_at: string; visitor: Partial<Visitor> & { id: UUID }; conversation_id: UUID | null; ws_url: string; config?: SiteConfig }

const margin = 10 * 60_000;

export const sessionKey = (siteKey: string) => `uniqchat:widget:${siteKey}`;

const same = (a: Identity, b: Identity) => JSON.stringify(a) === JSON.stringify(b);

/** What setUser may say, by the names of the API or in camel case. */
export function identityOf(said: unknown): Identity {
  const o = object(said);
  const out: Record<string, unknown> = {};
  const text = (to: keyof Identity, ...names: string[]) => {
    for (const n of names) if ((typeof o[n] === "string" || typeof o[n] === "number") && o[n] !== "") out[to] = String(o[n]);
  };
  text("external_id", "id", "externalId", "external_id");
  text("identity_token", "identityToken", "identity_token");
  text("identity_hmac", "identityHmac", "identity_hmac");
  text("name", "name");
  text("email", "email");
  const attributes = object(o["attributes"]);
  if (Object.keys(attributes).length > 0) out["attributes"] = attributes;
  return out as Identity;
}

export class Session {
  readonly key: string;
  /** Called when there is news of the visitor, or a new token: maybe another visitor's than before. */
  changed: () => void = () => {};
  /** For browsers that keep nothing, or nothing more: full, what they have is older than this. */
  private memory: unknown = null;
  private full = false;

  constructor(private readonly base: string, readonly siteKey: string, public locale: string) {
    this.key = sessionKey(siteKey);
  }

  /** The language that the widget speaks. */
  get language(): string {
    return pickLanguage([this.locale], ["en", "zh"]);
  }

  /** The page's language as the server keeps it of the visitor. */
  get tag(): string {
    return /^[\w-]{1,35}$/.test(this.locale) ? this.locale : this.language;
  }

  /** Changes when the visitor is forgotten, by this tab or another one. */
  get era(): number {
    return Number(load(`${this.key}:era`)) || 0;
  }

  /** Where the text stands that is not sent yet. */
  get draft(): string {
    return `uniqchat:draft:${this.siteKey}${this.era || ""}`;
  }

  private get stored(): Stored {
    const { era } = this;
    let s = object((this.full ? null : load(this.key)) ?? this.memory) as Partial<Stored> & { visitor?: Visitor | string };
    if ((s.era ?? 0) !== era) s = {};
    const visitor = typeof s.visitor === "string" ? { id: s.visitor, name: "", email: "", verified: false } : s.visitor; // as 0.1 kept it
    const str = (v: unknown) => (typeof v === "string" ? v : "");
    return {
      token: str(s.token), until: Number(s.until) || 0, url: str(s.url), conv: str(s.conv), done: s.done === true, asked: s.asked === true, at: Number(s.at) || 0,
      visitor: { id: str(visitor?.id), name: str(visitor?.name), email: str(visitor?.email), verified: visitor?.verified === true },
      config: object(s.config), said: object(s.said), told: object(s.told), era,
    };
  }

  private keep(change: Partial<Stored>): void {
    this.full = !save(this.key, (this.memory = { ...this.stored, ...change }));
  }

  get visitor(): Visitor {
    return this.stored.visitor;
  }

  /** The outbox of who has no session yet. */
  get early(): string {
    return `visitor:${this.era || ""}`;
  }

  /** Whose outbox it is; before the first session nobody's in particular. */
  get scope(): string {
    const { id } = this.visitor;
    return id === "" ? this.early : `visitor:${id}`;
  }

  /** What was said of the visitor, as JSON. */
  get said(): string {
    return JSON.stringify(this.stored.said);
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
    const { said, visitor } = this.stored;
    return String((said as Record<string, unknown>)[field] ?? said.attributes?.[field] ?? (field === "name" ? visitor.name : field === "email" ? visitor.email : ""));
  }

  /** Takes in what the shop says of its visitor. If it is news, a token has to carry it. */
  identify(identity: Identity): void {
    const { said } = this.stored;
    const { external_id: id, identity_token: token, identity_hmac: hmac } = identity;
    const old = id !== undefined && said.external_id !== undefined && id !== said.external_id ? {} : said; // of somebody else
    const next = { ...old, ...identity };
    if (identity.attributes !== undefined) next.attributes = { ...old.attributes, ...identity.attributes };
    if (token !== undefined) {
      delete next.identity_hmac;
      if (id === undefined) delete next.external_id;
    } else if (hmac !== undefined) delete next.identity_token;
    if (same(next, said)) return;
    this.keep({ said: next });
    this.changed();
  }

  /** Forgets the visitor, in every tab: the next one is somebody else. */
  reset(): void {
    this.memory = null;
    save(this.draft, null);
    save(`${this.key}:era`, Math.random());
    save(this.key, null);
  }

  /** A token that is good for a while. renew: the last one was refused, or what it says is old. */
  async credentials(renew: boolean): Promise<Credentials> {
    const before = this.stored;
    if (!renew && before.token !== "" && same(before.said, before.told) && before.at <= Date.now() && Date.now() < before.until) return before; // a clock that was set back since knows nothing
    return withLock(`widget-${this.siteKey}`, async () => {
      for (;;) {
        const now = this.stored;
        if (now.token !== before.token && now.token !== "" && same(now.said, now.told)) return now; // another tab was faster
        try {
          const [answer, life] = await this.ask(now, now.token);
          if (this.era === now.era && this.stored.token === now.token) return this.took(answer, life, now.said);
        } catch (e) {
          if (!isCredentialsError(e) || !e.final || this.era !== now.era) throw e;
          if (!same(this.stored.said, now.said)) continue; // there is news since
          // What is refused is not said again: not by this page for ever, and not by those that follow. What was good once may have run out.
          if (same(now.said, {})) throw e;
          console.error(`uniqchat: ${e.message}`); // it is the shop's to mend, and no reason not to chat
          const kept = same(now.said, now.told) ? {} : now.told;
          this.keep({ said: kept, told: kept });
        }
      }
    }, { signal: AbortSignal.timeout(20_000) });
  }

  /** What the server says now of the site, unless it was asked lately. */
  async refresh(maxAge: number): Promise<void> {
    if (Math.abs(Date.now() - this.stored.at) > maxAge) await this.credentials(true);
  }

  private took(a: Answer, life: number, told: Identity): Credentials {
    const now = this.stored;
    const known = now.visitor.id === a.visitor.id || now.visitor.id === "";
    const conv = a.conversation_id ?? (known ? now.conv : "");
    this.keep({
      token: a.token, until: Date.now() + Math.max(life - margin, life / 2), url: a.ws_url, conv, at: Date.now(), config: a.config ?? {},
      visitor: { id: a.visitor.id, name: a.visitor.name ?? "", email: a.visitor.email ?? "", verified: a.visitor.verified === true },
      done: now.done && conv === now.conv, asked: now.asked && known, told,
    });
    this.changed();
    return { url: a.ws_url, token: a.token };
  }

  /** Asks with the token there is, whatever this machine's clock thinks of it: only so it is the same visitor again. And for how long the answer is good, by the server's clock. */
  private async ask(now: Stored, token: string): Promise<[Answer, number]> {
    const { said, told } = now;
    const headers: Record<string, string> = { "Content-Type": "application/json", "Accept-Language": this.language };
    const body: Identity & { site_key: string; locale: string } = { site_key: this.siteKey, locale: this.tag };
    if (token === "" || !same(said, told)) Object.assign(body, said);
    if (token !== "") {
      headers["Authorization"] = `Bearer ${token}`;
      if (said.identity_token === told.identity_token) delete body.identity_token; // it has done its work, and may have run out since
    }
    let r: Response;
    try {
      r = await fetch(`${this.base}/api/v1/widget/session`, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(15_000), credentials: "omit" });
    } catch (e) {
      throw new CredentialsError(e instanceof Error ? e.message : String(e), false);
    }
    if (r.ok) {
      const answer = (await r.json()) as Answer;
      return [answer, Date.parse(answer.expires_at) - (Date.parse(r.headers.get("Date") ?? "") || Date.now())];
    }
    if (r.status === 401 && token !== "") return this.ask(now, ""); // not renewable any more: a new visitor
    const p = await problemOf(r);
    throw new CredentialsError(p.message, r.status >= 400 && r.status < 500 && r.status !== 429, p.retryAfter, r.status === 429 ? closeTooMany : 0);
  }
}
