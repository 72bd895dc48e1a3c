// Streams: a machine's text while it is made. Pieces may be lost; then what there is stays until the finished message comes.

import type { Stream } from "../shared/packets.ts";
import type { UUID } from "../shared/uuid.ts";

interface Text { conv: UUID; text: string; bytes: number; whole: boolean }

export class Streams {
  private readonly texts = new Map<UUID, Text>();
  private readonly done = new Set<UUID>();
  private shown = new Map<UUID, Readonly<Record<UUID, string>>>();

  /** Takes in a piece. offset counts the bytes of the text's UTF-8 before it. Reports whether it changed anything. */
  heard(p: Stream): boolean {
    if (this.done.has(p.mid)) return false;
    let t = this.texts.get(p.mid);
    if (t === undefined && p.offset === 0) this.forget(p.conv); // what was begun before it goes on no more
    if (t === undefined || p.offset === 0) t = { conv: p.conv, text: "", bytes: 0, whole: true };
    this.texts.set(p.mid, t);
    if (!t.whole || p.offset !== t.bytes) {
      t.whole = p.offset < t.bytes && t.whole; // a repeat does no harm, a hole can't be filled
      return false;
    }
    t.text += p.delta;
    t.bytes += new TextEncoder().encode(p.delta).length;
    this.shown.delete(p.conv);
    return true;
  }

  /** The finished message has come. */
  wrote(mid: UUID): void {
    this.done.add(mid);
    const t = this.texts.get(mid);
    if (t === undefined) return;
    this.texts.delete(mid);
    this.shown.delete(t.conv);
  }

  /** Somebody has spoken, or the conversation is not the machine's any more: what it was writing does not come. Without a conversation: in all. */
  forget(conv?: UUID): void {
    for (const [mid, t] of this.texts) if (!conv || t.conv === conv) this.texts.delete(mid);
    this.shown.clear();
  }

  /** The texts of a conversation by message id. The same object until one changes. */
  of(conv: UUID): Readonly<Record<UUID, string>> {
    let out = this.shown.get(conv);
    if (out === undefined) {
      const found: Record<UUID, string> = {};
      for (const [mid, t] of this.texts) if (t.conv === conv && t.text !== "") found[mid] = t.text;
      this.shown.set(conv, (out = found));
    }
    return out;
  }
}
