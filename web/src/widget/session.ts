// The visitor's session: a token for this site key, kept over reloads and renewed in time.

import { load, save, withLock } from "../shared/browser.ts";
import { closeCode, CredentialsError, type Credentials } from "../shared/link.ts";
import type { UUID } from "../shared/uuid.ts";

interface Stored { token: string; until: number; visitor: UUID; conv: UUID; url: string }

interface Answer { token: string; expires_at: string; visitor: { id: UUID }; conversation_id: UUID | null; ws_url: string }

const margin = 10 * 60_000;

export class Session {
  private readonly key: string;

  constructor(private readonly base: string, private readonly siteKey: string, private readonly locale: string) {
    this.key = `uniqchat:widget:${siteKey}`;
  }

  private get stored(): Stored | null {
    const s = load(this.key) as Partial<Stored> | null;
    if (typeof s?.token !== "string" || typeof s.visitor !== "string" || typeof s.url !== "string") return null;
    return { token: s.token, until: Number(s.until), visitor: s.visitor, conv: typeof s.conv === "string" ? s.conv : "", url: s.url };
  }

  get visitor(): UUID {
    return this.stored?.visitor ?? "";
  }

  /** The conversation that was shown last. */
  get conv(): UUID {
    return this.stored?.conv ?? "";
  }

  set conv(conv: UUID) {
    const s = this.stored;
    if (s !== null) save(this.key, { ...s, conv });
  }

  /** A token that is good for a while. renew: the last one was refused. */
  async credentials(renew: boolean): Promise<Credentials> {
    const before = this.stored;
    if (before !== null && !renew && before.until > Date.now() + margin) return { url: before.url, token: before.token };
    return withLock(`widget-${this.siteKey}`, async () => {
      const now = this.stored;
      if (now !== null && now.token !== before?.token) return { url: now.url, token: now.token }; // another tab was faster
      const fresh = now === null || (renew && now.until < Date.now());
      const a = await this.ask(fresh ? "" : now.token);
      const same = now?.visitor === a.visitor.id;
      const kept: Stored = {
        token: a.token, until: Date.parse(a.expires_at), visitor: a.visitor.id, url: a.ws_url,
        conv: a.conversation_id ?? (same ? now.conv : ""),
      };
      save(this.key, kept);
      return { url: kept.url, token: kept.token };
    });
  }

  private async ask(token: string): Promise<Answer> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (token !== "") headers["Authorization"] = `Bearer ${token}`;
    let r: Response;
    try {
      r = await fetch(`${this.base}/api/v1/widget/session`, {
        method: "POST", headers, body: JSON.stringify({ site_key: this.siteKey, locale: this.locale }), signal: AbortSignal.timeout(15_000), credentials: "omit",
      });
    } catch (e) {
      throw new CredentialsError(e instanceof Error ? e.message : String(e), false);
    }
    if (r.ok) return (await r.json()) as Answer;
    if (r.status === 401 && token !== "") return this.ask(""); // not renewable any more: a new visitor
    const problem = (await r.json().catch(() => null)) as { detail?: string } | null;
    const retry = Number(r.headers.get("Retry-After") ?? 0) * 1000;
    throw new CredentialsError(problem?.detail ?? r.statusText, r.status >= 400 && r.status < 500 && r.status !== 429, retry, r.status === 429 ? closeCode.slowDown : 0);
  }
}
