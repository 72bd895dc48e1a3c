// The chat: what the loader brings when somebody wants to talk. It ties the room to the screen and answers the page's calls.

import { render } from "preact";
import { load, save } from "../shared/browser.ts";
import { messageText } from "../shared/i18n/system.ts";
import type { Message } from "../shared/packets.ts";
import css from "./chat.css";
import type { Chat, Host, Start } from "./host.ts";
import { Links } from "./links.ts";
import { Room } from "./room.ts";
import type { Session } from "./session.ts";
import { chime } from "./sound.ts";
import { Title } from "./title.ts";
import { App } from "./ui/app.tsx";
import type { Desk } from "./ui/context.ts";
import { Parts } from "./ui/parts.ts";
import { Uploads } from "./uploads.ts";

const soundKey = "uniqchat:sound";
const freshFor = 60_000; // what the server says of who is there is asked again when older

class Widget implements Chat {
  private readonly session: Session;
  private readonly room: Room;
  private readonly desk: Desk;
  private readonly slot = document.createElement("div");
  private readonly title: Title;
  private open = false;
  private end = true;
  private drawing = false;
  private greeted = "";
  private announced = "";
  private turn = 0;
  private unread = -1;
  private queue = "";
  private link = "";
  private draft: string;

  constructor(private readonly host: Host) {
    this.session = host.session;
    this.draft = this.session.draft;
    this.title = new Title(host);
    this.room = new Room(this.session, host.base, host.tracker, {
      changed: () => this.changed(), arrived: (m, loud) => this.arrived(m, loud),
    });
    this.session.changed = () => this.noticed();
    const links = new Links(this.room.api);
    this.desk = { room: this.room, parts: new Parts((name) => host.script(name), (css) => { if (css !== "") host.style(css); this.draw(); }), links, uploads: new Uploads(this.room, links, () => this.changed()), t: host.t, locale: host.locale };
    host.style(css);
    host.root.insertBefore(this.slot, host.launcher);
    document.addEventListener("visibilitychange", () => this.changed());
    if (this.session.conv !== "") void this.room.start();
    this.draw();
  }

  toggle(open: boolean): void {
    if (this.open === open) return;
    this.open = open;
    this.end = true;
    if (open) {
      void this.room.start();
      this.session.refresh(freshFor).then(() => this.changed(), () => {});
    }
    this.host.opened(open);
    this.draw();
    this.changed();
    if (!open) this.host.launcher.focus();
  }

  greet(text: string): void {
    if (this.room.state.messages.length > 0) return;
    this.greeted = text;
    this.draw();
  }

  noticed(): void {
    this.room.noticed();
  }

  forget(): void {
    this.greeted = this.announced = "";
    this.turn++;
    save(this.draft, null); // the tab that forgot may not have known of it yet
    this.draft = this.session.draft;
    for (const u of this.desk.uploads.list) this.desk.uploads.cancel(u.id);
    this.room.forget();
  }

  spoken(): void {
    this.desk.locale = this.host.locale;
    this.desk.t = this.host.t;
    this.draw();
  }

  private arrived(m: Message, loud: boolean): void {
    this.host.emit("message", { id: m.mid, conversation: m.conv, role: m.role, kind: m.kind, body: m.body, time: new Date(m.time) });
    const name = this.room.state.members.find((x) => x.user === m.sender)?.name || this.desk.t.agent;
    this.announced = `${name}: ${messageText(m.body, this.desk.t)}`;
    const unseen = !this.looking;
    if (loud && this.sound) setTimeout(() => { if (unseen && this.room.state.read < m.seq) chime(); }, 250); // unless another tab shows it
  }

  private get sound(): boolean {
    const kept = load(soundKey);
    return kept === null ? this.host.settings.sound : kept === true;
  }

  /** Whether the visitor has the newest message before its eyes. */
  private get looking(): boolean {
    return this.open && this.end && document.visibilityState === "visible";
  }

  private changed(): void {
    const { room } = this;
    if (this.looking && room.state.last > 0) room.read(room.state.last);
    const unread = this.looking ? 0 : room.unread;
    if (unread !== this.unread) {
      this.unread = unread;
      this.host.unread(this.open && document.visibilityState === "visible" ? 0 : unread);
      this.title.show(document.visibilityState === "visible" && this.open ? 0 : unread);
      this.host.emit("unread", unread);
    }
    const link = room.state.link.name;
    if (link === "idle" && this.open) void room.start();
    if (link !== this.link) {
      this.link = link;
      if (link === "online") this.desk.uploads.again();
    }
    const q = room.state.queue;
    if (JSON.stringify(q) !== this.queue) {
      this.queue = JSON.stringify(q);
      this.host.emit("queue", q === null ? null : { place: q.place, eta_seconds: q.seconds });
    }
    this.draw();
  }

  /** Draws once for everything that happens at a time. */
  private draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.session.done = isDone(this.room.state.messages) && this.room.outbox.length + this.room.unread === 0; // what is unread is shown on the next page, too
      render(<App key={this.turn} desk={{ ...this.desk }} host={this.host} open={this.open} sound={this.sound} greeted={this.greeted} announced={this.announced}
        setSound={(on) => { save(soundKey, on); if (on) chime(); this.draw(); }} close={() => this.toggle(false)}
        atEnd={(end) => { this.end = end; this.changed(); }} />, this.slot);
    });
  }
}

/** Whether nothing more is to be expected of a conversation. */
function isDone(messages: readonly Message[]): boolean {
  const last = messages.findLast((m) => m.kind !== "system" || m.body["event"] === "conversation.closed" || m.body["event"] === "conversation.reopened");
  return last?.kind === "system" && last.body["event"] === "conversation.closed";
}

const start: Start = (host) => new Widget(host);
(window as unknown as { uniqchat?: { chat?: (start: Start) => void } }).uniqchat?.chat?.(start);
