// Panel: what the visitor sees: the round button, and the chat behind it. It draws; the widget tells it what.

import { arrange, fill, h, icon } from "../shared/dom.ts";
import { onEnter } from "../shared/enter.ts";
import { shortTime } from "../shared/i18n/index.ts";
import { messageText, systemText } from "../shared/i18n/system.ts";
import type { ConversationLog } from "../shared/log.ts";
import type { OutboxEntry } from "../shared/outbox.ts";
import { cleanText, type Message } from "../shared/packets.ts";
import type { UUID } from "../shared/uuid.ts";
import type { Texts } from "./texts.ts";

export interface PanelHandlers {
  toggled(open: boolean): void;
  written(text: string): void;
  send(text: string): void;
  retry(cmid: UUID): void;
  discard(cmid: UUID): void;
  older(): void;
  looked(): void;
}

export class Panel {
  open = false;
  atEnd = true;
  private said = "";
  private readonly bubbles = new Map<string, HTMLElement>();
  private readonly messages = h("div", { class: "messages", role: "log", "aria-live": "polite", "data-testid": "messages" });
  private readonly typing = h("p", { class: "typing", "aria-live": "polite", "data-testid": "typing" });
  private readonly state = h("p", { class: "state", role: "status", "data-testid": "state" });
  private readonly badge = h("span", { class: "badge", hidden: true });
  private readonly launcher: HTMLButtonElement;
  private readonly dialog: HTMLElement;
  private readonly box: HTMLTextAreaElement;

  constructor(root: ShadowRoot, private readonly t: Texts, private readonly language: string, private readonly on: PanelHandlers) {
    this.launcher = h("button", { class: "launcher", type: "button", "aria-label": t.open, "aria-expanded": "false", "data-testid": "launcher", onclick: () => this.toggle(!this.open) },
      icon("M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5z", "M8.5 12h.01M12.5 12h.01M16.5 12h.01"), this.badge);
    this.box = h("textarea", {
      rows: 1, placeholder: t.write, "aria-label": t.message, maxlength: 8000, "data-testid": "input",
      oninput: () => { on.written(this.box.value); this.fit(); },
    });
    onEnter(this.box, () => this.submit());
    this.dialog = h("section", { class: "panel", role: "dialog", "aria-label": t.title, hidden: true, "data-testid": "panel", onkeydown: (e: KeyboardEvent) => { if (e.key === "Escape") this.toggle(false); } },
      h("header", {}, h("strong", {}, t.title), h("button", { class: "close", type: "button", "aria-label": t.close, "data-testid": "close", onclick: () => this.toggle(false) }, icon("M6 6l12 12M18 6L6 18"))),
      this.state, this.messages, this.typing,
      h("form", { onsubmit: (e: Event) => { e.preventDefault(); this.submit(); } }, this.box,
        h("button", { class: "send", type: "submit", "aria-label": t.send, "data-testid": "send" }, icon("M4 12l16-8-6 16-3-6z"))));
    this.messages.addEventListener("scroll", () => {
      this.atEnd = this.messages.scrollHeight - this.messages.scrollTop - this.messages.clientHeight < 50;
      if (this.atEnd) on.looked();
    });
    root.append(this.dialog, this.launcher);
    this.welcome();
  }

  toggle(open: boolean): void {
    if (this.open === open) return;
    this.open = open;
    this.dialog.hidden = !open;
    this.launcher.classList.toggle("opened", open);
    this.launcher.setAttribute("aria-expanded", String(open));
    this.launcher.setAttribute("aria-label", open ? this.t.close : this.t.open);
    this.on.toggled(open);
    if (open) {
      this.messages.scrollTop = this.messages.scrollHeight;
      this.box.focus();
    } else {
      this.launcher.focus();
    }
  }

  private submit(): void {
    const text = cleanText(this.box.value).trim();
    if (text === "") return;
    this.box.value = "";
    this.atEnd = true;
    this.fit();
    this.on.send(text);
  }

  private fit(): void {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 120)}px`;
  }

  /** Says how the connection is; again: what a button to connect again does, if there is to be one. */
  say(state: string, again: (() => void) | null): void {
    if (this.said === state) return;
    this.said = state;
    fill(this.state, state, again !== null && h("button", { class: "link", type: "button", onclick: again }, this.t.again));
  }

  unread(n: number): void {
    this.badge.hidden = n === 0;
    this.badge.textContent = String(Math.min(n, 99));
    if (!this.open) this.launcher.setAttribute("aria-label", n === 0 ? this.t.open : `${this.t.open}: ${n} ${this.t.unread}`);
  }

  private welcome(): void {
    fill(this.messages, this.bubble("welcome", () => h("div", { class: "welcome" }, h("b", {}, this.t.hello), h("span", {}, this.t.helloMore))));
  }

  /** Brings the messages up to date with a conversation's log and the outbox. */
  draw(log: ConversationLog | undefined, outbox: readonly OutboxEntry[], self: UUID, typing: boolean): void {
    const list: HTMLElement[] = [];
    const own = (m: Message) => m.role === "visitor";
    const messages = log?.messages ?? [];
    const known = new Set(messages.map((m) => m.cmid));
    const read = Math.max(0, ...[...(log?.members.values() ?? [])].filter((m) => m.user !== self && m.role === "agent").map((m) => m.read));
    let lastOwn = 0;
    for (const m of messages) if (own(m) && m.kind !== "system") lastOwn = m.seq;
    if (log?.hasOlder === true) list.push(this.bubble("older", () => h("button", { class: "older", type: "button", onclick: () => this.on.older() }, this.t.older)));
    for (const m of messages) {
      const el = this.bubble(m.mid, () => this.message(m, own(m), log));
      const note = el.querySelector(".note");
      if (note !== null) note.textContent = m.seq === lastOwn ? (read >= m.seq ? this.t.read : this.t.sent) : "";
      list.push(el);
    }
    for (const e of outbox) if (!known.has(e.cmid) && !(e.state === "accepted" && log !== undefined && e.seq <= log.last)) list.push(this.pending(e));
    if (list.length === 0) this.welcome();
    else arrange(this.messages, list);
    this.typing.textContent = typing ? `${this.t.agent} ${this.t.typing}` : "";
    if (this.atEnd) this.messages.scrollTop = this.messages.scrollHeight;
  }

  private bubble(id: string, make: () => HTMLElement): HTMLElement {
    let el = this.bubbles.get(id);
    if (el === undefined) {
      el = make();
      this.bubbles.set(id, el);
    }
    return el;
  }

  private message(m: Message, own: boolean, log: ConversationLog | undefined): HTMLElement {
    if (m.kind === "system") {
      return h("div", { class: "system" }, systemText(m, this.t));
    }
    const name = own ? "" : `${log?.members.get(m.sender)?.name || this.t.agent} · `;
    return h("div", { class: own ? "message own" : "message", "data-testid": "message" }, h("div", { class: "text" }, messageText(m.body, this.t)),
      h("div", { class: "meta" }, `${name}${shortTime(m.time, this.language)}`, own ? h("span", { class: "note" }) : null));
  }

  private pending(e: OutboxEntry): HTMLElement {
    const el = this.bubble(`out:${e.cmid}`, () => h("div", { class: "message own", "data-testid": "message" }, h("div", { class: "text" }, messageText(e.body, this.t)), h("div", { class: "meta" })));
    const note = el.querySelector(".meta");
    if (note === null) return el;
    if (e.state === "failed") {
      fill(note, h("span", { class: "bad" }, `${this.t.failed}${e.reason === "" ? "" : `: ${e.reason}`}`), " ",
        h("button", { class: "link", type: "button", onclick: () => this.on.retry(e.cmid) }, this.t.retry), " ",
        h("button", { class: "link", type: "button", onclick: () => this.on.discard(e.cmid) }, this.t.discard));
    } else {
      note.textContent = e.state === "accepted" ? this.t.sent : this.t.sending;
    }
    return el;
  }
}
