// Links: addresses at which uploads can be read without a credential, for a while; asked for when they are shown, renewed when
// they have run out.

import type { Api } from "./api.ts";

export interface FileLink { url: string; thumbnail_url?: string; expires_at: string }

/** url and thumb are absolute; gone: the server has no such file for this visitor. */
export interface Held { url: string; thumb: string; until: number; gone: boolean }

const margin = 30_000;

export class Links {
  private readonly held = new Map<string, Held>();
  private readonly asked = new Map<string, Promise<Held>>();
  /** What the visitor has just sent is shown from where it came. */
  private readonly local = new Map<string, string>();

  constructor(private readonly api: Api) {}

  put(id: string, link: FileLink, preview: string): void {
    if (preview !== "") this.local.set(id, preview);
    this.take(id, link);
  }

  preview(id: string): string {
    return this.local.get(id) ?? "";
  }

  /** The link, if there is one that is still good. */
  get(id: string): Held | null {
    const h = this.held.get(id);
    return h !== undefined && (h.gone || h.until > Date.now() + margin) ? h : null;
  }

  /** A good link, asked for if need be. renew: the last one did not work. */
  ask(id: string, renew = false): Promise<Held> {
    const held = this.get(id);
    if (held !== null && !renew) return Promise.resolve(held);
    let asked = this.asked.get(id);
    if (asked === undefined) {
      asked = this.fetch(id).finally(() => this.asked.delete(id));
      this.asked.set(id, asked);
    }
    return asked;
  }

  private async fetch(id: string): Promise<Held> {
    try {
      return this.take(id, (await (await this.api.call("POST", `/uploads/${id}/link`)).json()) as FileLink);
    } catch (e) {
      const status = (e as { status?: number }).status ?? 0;
      const gone = { url: "", thumb: "", until: 0, gone: true };
      if (status === 404 || status === 403) this.held.set(id, gone);
      return gone;
    }
  }

  private take(id: string, link: FileLink): Held {
    const absolute = (path: string | undefined) => (path?.startsWith("/files/") === true ? this.api.base + path : "");
    const url = absolute(link.url);
    const held = { url, thumb: absolute(link.thumbnail_url) || url, until: Date.parse(link.expires_at), gone: false };
    this.held.set(id, held);
    return held;
  }
}
