// Thread: one conversation on the screen: messages, what is being written, the answer box.

import type { ProtocolClient } from "../shared/client.ts";
import { realClock } from "../shared/clock.ts";
import { arrange, fill, h } from "../shared/dom.ts";
import { onEnter } from "../shared/enter.ts";
import { shortTime } from "../shared/i18n/index.ts";
import { messageText, systemText } from "../shared/i18n/system.ts";
import type { OutboxEntry } from "../shared/outbox.ts";
import { cleanText, type Message } from "../shared/packets.ts";
import { TypingReporter } from "../shared/typists.ts";
import type { UUID } from "../shared/uuid.ts";
import { ApiError, call, type Conversation, type Me } from "./api.ts";
import { initial, visitorName } from "./inbox.ts";
import type { Texts } from "./texts.ts";

export class Thread {
  readonly element = h("section", { class: "thread" });
  conv: Conversation | null = null;
  private readonly title = h("h2", { class: "title", "data-testid": "title" });
  private readonly state = h("span", { class: "state" });
  private readonly actions = h("div", { class: "actions" });
  private readonly messages = h("div", { class: "messages", role: "log", "aria-live": "polite", "data-testid": "messages" });
  private readonly typist = h("p", { class: "typist", "aria-live": "polite", "data-testid": "typing" });
  private readonly box: HTMLTextAreaElement;
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly bubbles = new Map<string, HTMLElement>();
  private readonly typing: TypingReporter;
  private readonly drafts = new Map<UUID, string>();
  private atEnd = true;

  constructor(private readonly t: Texts, private readonly me: Me, private readonly client: ProtocolClient, private readonly back: () => void, private readonly acted: () => void) {
    this.typing = new TypingReporter(realClock, (state, preview) => {
      if (this.conv !== null) client.typing(this.conv.id, state, preview);
    });
    this.box = h("textarea", {
      rows: 1, placeholder: t.write, "aria-label": t.message, maxlength: 20000, "data-testid": "answer",
      oninput: () => { this.typing.input(this.box.value); this.fit(); },
      onfocus: () => this.markRead(),
    });
    onEnter(this.box, () => this.send());
    this.messages.addEventListener("scroll", () => {
      this.atEnd = this.messages.scrollHeight - this.messages.scrollTop - this.messages.clientHeight < 60;
      if (this.atEnd) this.markRead();
    });
    document.addEventListener("visibilitychange", () => this.markRead());
    this.empty();
  }

  private empty(): void {
    fill(this.element, h("p", { class: "empty pick" }, this.t.pick));
  }

  /** Shows a conversation, or an update of the one that is shown. */
  show(c: Conversation): void {
    const fresh = this.conv?.id !== c.id;
    if (fresh && this.conv !== null) {
      this.drafts.set(this.conv.id, this.box.value);
      this.typing.stop();
      this.client.leave(this.conv.id);
    }
    this.conv = c;
    if (fresh) {
      this.bubbles.clear();
      this.messages.replaceChildren();
      this.atEnd = true;
      this.box.value = this.drafts.get(c.id) ?? "";
      this.problem.textContent = "";
      fill(this.element,
        h("header", {},
          h("button", { class: "back", type: "button", "aria-label": this.t.back, onclick: () => this.back() }, "‹"),
          h("span", { class: "avatar", "aria-hidden": "true" }, initial(visitorName(c, this.t))),
          this.title, this.state, this.actions),
        this.messages, this.typist, this.problem,
        h("form", { class: "answer", onsubmit: (e: Event) => { e.preventDefault(); this.send(); } },
          this.box, h("button", { class: "primary", type: "submit", "data-testid": "send" }, this.t.send)));
      this.client.open(c.id);
      this.fit();
    }
    this.title.textContent = visitorName(c, this.t);
    this.state.textContent = { queued: this.t.queued, open: this.t.open, closed: this.t.closed, bot: "bot", snoozed: "zzz" }[c.status];
    this.state.dataset["status"] = c.status;
    const viewer = this.me.role === "viewer";
    this.box.disabled = viewer;
    this.box.placeholder = viewer ? this.t.viewer : this.t.write;
    if (!viewer) this.drawActions(c);
    this.draw();
  }

  private drawActions(c: Conversation): void {
    const button = (name: string, text: string, act: () => Promise<unknown>) =>
      h("button", { type: "button", "data-testid": name, onclick: () => void this.act(act) }, text);
    const list: Node[] = [];
    if (c.status === "closed") list.push(button("reopen", this.t.reopen, () => call("POST", `/conversations/${c.id}/reopen`)));
    else {
      if (c.assignee_id !== this.me.id) list.push(button("assign", this.t.assign, () => call("POST", `/conversations/${c.id}/assign`, { agent_id: this.me.id })));
      list.push(button("close", this.t.close, () => call("POST", `/conversations/${c.id}/close`)));
    }
    this.actions.replaceChildren(...list);
  }

  private async act(f: () => Promise<unknown>): Promise<void> {
    this.problem.textContent = "";
    try {
      await f();
    } catch (e) {
      this.problem.textContent = this.t.actionFailed + (e instanceof ApiError && e.status === 0 ? this.t.noServer : e instanceof Error ? e.message : String(e));
    }
    this.acted();
  }

  private send(): void {
    const text = cleanText(this.box.value).trim();
    if (text === "" || this.conv === null) return;
    this.typing.stop();
    this.box.value = "";
    this.atEnd = true;
    this.fit();
    this.client.send(this.conv.id, "text", { text });
    this.markRead();
  }

  private fit(): void {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 160)}px`;
  }

  /** Everything that is on the screen has been read, if somebody looks at it. */
  markRead(): void {
    if (this.conv === null || document.visibilityState !== "visible" || !this.atEnd) return;
    const log = this.client.log(this.conv.id);
    if (log !== undefined && log.last > 0 && this.element.offsetParent !== null) this.client.read(this.conv.id, log.last);
  }

  /** Brings the screen up to date with the client's log and outbox. */
  draw(): void {
    if (this.conv === null) return;
    const log = this.client.log(this.conv.id);
    if (log === undefined) return;
    const known = new Set(log.messages.map((m) => m.cmid));
    const read = Math.max(0, ...[...log.members.values()].filter((m) => m.role === "visitor").map((m) => m.read));
    const list: HTMLElement[] = [];
    if (log.hasOlder) {
      list.push(this.bubble("older", () => h("button", { class: "older", type: "button", onclick: () => this.client.loadOlder(this.conv?.id ?? "") }, this.t.older)));
    }
    let lastOwn = 0;
    for (const m of log.messages) if (m.sender === this.me.id && m.kind !== "system") lastOwn = m.seq;
    for (const m of log.messages) {
      const el = this.bubble(m.mid, () => this.messageElement(m));
      if (m.sender === this.me.id && m.kind !== "system") {
        const note = el.querySelector(".note");
        if (note !== null) note.textContent = m.seq === lastOwn ? (read >= m.seq ? this.t.read : this.t.sent) : "";
      }
      list.push(el);
    }
    for (const e of this.client.outbox.of(this.conv.id)) {
      if (known.has(e.cmid) || e.state === "accepted" && e.seq <= log.last) continue;
      list.push(this.pending(e));
    }
    arrange(this.messages, list);
    const typing = [...this.client.typistsOf(this.conv.id)];
    this.typist.textContent = typing.map(([user, preview]) => `${this.nameOf(user)} ${this.t.typing}${preview === "" ? "…" : `: ${preview}`}`).join(" · ");
    if (this.atEnd) this.messages.scrollTop = this.messages.scrollHeight;
    this.markRead();
  }

  private bubble(id: string, make: () => HTMLElement): HTMLElement {
    let el = this.bubbles.get(id);
    if (el === undefined) {
      el = make();
      this.bubbles.set(id, el);
    }
    return el;
  }

  private pending(e: OutboxEntry): HTMLElement {
    const el = this.bubble(`out:${e.cmid}`, () => h("div", { class: "message own", "data-testid": "message" }, h("div", { class: "text" }, messageText(e.body, this.t)), h("div", { class: "note" })));
    const note = el.querySelector(".note");
    if (note === null) return el;
    if (e.state === "failed") {
      fill(note, `${this.t.failed}: ${e.reason} `,
        h("button", { class: "link", type: "button", onclick: () => this.client.retry(e.cmid) }, this.t.retry), " ",
        h("button", { class: "link", type: "button", onclick: () => this.client.discard(e.cmid) }, this.t.discard));
    } else {
      note.textContent = e.state === "accepted" ? this.t.sent : this.t.sending;
    }
    return el;
  }

  private messageElement(m: Message): HTMLElement {
    if (m.kind === "system") return h("div", { class: "system" }, systemText(m, this.t));
    const own = m.sender === this.me.id;
    const staff = m.role !== "visitor";
    const internal = m.visibility === "internal";
    return h("div", { class: `message${staff ? " own" : ""}${internal ? " internal" : ""}`, "data-testid": "message" },
      internal && h("div", { class: "meta" }, this.t.internal),
      h("div", { class: "text", dir: "auto" }, messageText(m.body, this.t)),
      h("div", { class: "meta" }, `${own ? "" : `${this.nameOf(m.sender)} · `}${shortTime(m.time, document.documentElement.lang)}`, own ? h("span", { class: "note" }) : null));
  }

  private nameOf(user: UUID): string {
    if (this.conv !== null && user === this.conv.visitor_id) return visitorName(this.conv, this.t);
    if (user === this.me.id) return this.t.you;
    return this.client.log(this.conv?.id ?? "")?.members.get(user)?.name || this.t.agent;
  }
}
