// The widget: one script line on a shop's page. It opens no connection before the visitor opens it, unless there is a
// conversation to go on with.

import { localStore, watchBrowser } from "../shared/browser.ts";
import { ProtocolClient } from "../shared/client.ts";
import { realClock } from "../shared/clock.ts";
import { h } from "../shared/dom.ts";
import { format } from "../shared/i18n/index.ts";
import { closeCode, CredentialsError, type LinkState } from "../shared/link.ts";
import { Outbox } from "../shared/outbox.ts";
import { TypingReporter } from "../shared/typists.ts";
import { uuidv7 } from "../shared/uuid.ts";
import { Panel } from "./panel.ts";
import { Session } from "./session.ts";
import { texts } from "./texts.ts";
import css from "./widget.css";

class Widget {
  private readonly session: Session;
  private readonly panel: Panel;
  private readonly typing: TypingReporter;
  private client: ProtocolClient | null = null;
  private conv = "";
  private starting: Promise<void> | null = null;
  private counting: ReturnType<typeof setTimeout> | undefined;
  private readonly t;

  constructor(base: string, siteKey: string, private readonly locale: string) {
    this.t = texts(locale);
    this.session = new Session(base, siteKey, locale);
    const host = h("div", { id: "uniqchat", lang: locale });
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // a <style> would be refused by a shop's content security policy
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    this.panel = new Panel(root, this.t, locale, {
      toggled: (open) => { if (open) void this.start(); this.draw(); },
      written: (text) => this.typing.input(text),
      send: (text) => void this.send(text),
      retry: (cmid) => this.client?.retry(cmid),
      discard: (cmid) => this.client?.discard(cmid),
      older: () => this.client?.loadOlder(this.conv),
      looked: () => this.markRead(),
    });
    this.typing = new TypingReporter(realClock, (state, preview) => {
      if (this.conv !== "") this.client?.typing(this.conv, state, preview);
    });
    document.addEventListener("visibilitychange", () => this.markRead());
    document.body.append(host);
    if (this.session.conv !== "" || this.scopeHasMail(siteKey)) void this.start();
  }

  private scope(): string {
    return `visitor:${this.session.visitor}`;
  }

  private scopeHasMail(siteKey: string): boolean {
    return siteKey !== "" && this.session.visitor !== "" && new Outbox(this.scope(), localStore).all().length > 0;
  }

  /** Connects, once; whoever asks meanwhile waits for the same. */
  private async start(): Promise<void> {
    if (this.client !== null) return;
    this.starting ??= this.connect().finally(() => { this.starting = null; });
    await this.starting;
  }

  /** The first time there must be a session first, which names the visitor whose outbox it is. */
  private async connect(): Promise<void> {
    for (let wait = 1000; this.session.visitor === ""; wait = Math.min(wait * 2, 30_000)) {
      this.panel.say(this.t.connecting, null);
      try {
        await this.session.credentials(false);
      } catch (e) {
        let pause = wait * (0.5 + Math.random() / 2);
        if (e instanceof CredentialsError && e.code === closeCode.slowDown) {
          pause += e.retryAfter;
          this.countDown(Date.now() + pause);
        } else {
          this.panel.say(this.t.ended + (e instanceof Error ? e.message : String(e)), null);
        }
        await new Promise((done) => setTimeout(done, pause));
        clearTimeout(this.counting);
      }
    }
    const client = new ProtocolClient({
      credentials: async (renew) => {
        const visitor = this.session.visitor;
        const c = await this.session.credentials(renew);
        if (this.session.visitor !== visitor) setTimeout(() => void this.restart(), 0); // somebody new: not this outbox
        return c;
      },
      outbox: new Outbox(this.scope(), localStore), page: location.href.slice(0, 2000), locale: this.locale,
      handlers: {
        onState: (s) => this.say(s),
        onReady: (a) => this.follow(a.conv !== "" ? a.conv : this.session.conv !== "" ? this.session.conv : (client.outbox.all()[0]?.conv ?? "")),
        onChange: (conv) => { if (conv === this.conv) this.draw(); },
        onMessage: (m) => { if (m.conv !== this.conv) this.follow(m.conv); },
        onMoved: (_, to) => this.follow(to),
        onRefused: (conv) => {
          if (conv !== this.conv) return;
          client.forget(conv);
          this.session.conv = this.conv = "";
          this.draw();
        },
      },
    });
    this.client = client;
    watchBrowser(client);
    client.start();
    this.follow(this.session.conv);
  }

  /** The server knows this browser as another visitor now. What was never sent goes with the new one. */
  private async restart(): Promise<void> {
    const old = this.client;
    if (old === null) return;
    old.stop();
    this.client = null;
    this.conv = "";
    await this.start();
    for (const e of old.outbox.all()) {
      if (e.tried || typeof e.body["text"] !== "string") continue;
      old.outbox.remove(e.cmid);
      await this.send(e.body["text"]);
    }
  }

  private follow(conv: string): void {
    if (conv === "" || this.client === null) return;
    if (conv !== this.conv) {
      if (this.conv !== "") this.client.leave(this.conv);
      this.conv = conv;
      this.session.conv = conv;
    }
    this.client.open(conv);
    this.draw();
  }

  private async send(text: string): Promise<void> {
    await this.start();
    const client = this.client;
    if (client === null) return;
    this.typing.stop();
    if (this.conv === "") {
      this.conv = uuidv7();
      this.session.conv = this.conv;
      client.open(this.conv, true);
    }
    client.send(this.conv, "text", { text });
  }

  /** A server that is asked too often says for how long; the visitor sees it pass. */
  private countDown(until: number): void {
    clearTimeout(this.counting);
    const seconds = Math.max(Math.ceil((until - Date.now()) / 1000), 1);
    this.panel.say(format(this.t.tooMany, { seconds }), null);
    if (seconds > 1) this.counting = setTimeout(() => this.countDown(until), 1000);
  }

  private say(s: LinkState): void {
    clearTimeout(this.counting);
    if (s.name === "waiting" && s.code === closeCode.slowDown && navigator.onLine) {
      this.countDown(s.retryAt);
      return;
    }
    const text = { idle: "", connecting: "", online: "", waiting: navigator.onLine ? this.t.waiting : this.t.offline, ended: this.t.ended + s.reason }[s.name];
    const first = s.name === "connecting" && this.client?.self.user === "";
    this.panel.say(first ? this.t.connecting : text, s.name === "ended" ? () => this.client?.start() : null);
  }

  /** A server that asks to slow down is no failure: the message waits, and the visitor is told why. */
  private sayIfSlow(): void {
    if (this.client?.state.name !== "online") return;
    const slow = this.client.outbox.of(this.conv).some((e) => e.state === "waiting" && e.code !== 0);
    this.panel.say(slow ? this.t.slow : "", null);
  }

  private markRead(): void {
    const log = this.client?.log(this.conv);
    if (log === undefined || !this.panel.open || !this.panel.atEnd || document.visibilityState !== "visible" || log.last === 0) return;
    this.client?.read(this.conv, log.last);
    this.panel.unread(0);
    seen = log.last;
  }

  private draw(): void {
    const client = this.client;
    const log = client?.log(this.conv);
    this.panel.draw(log, this.conv === "" ? [] : (client?.outbox.of(this.conv) ?? []), client?.self.user ?? "", (client?.typistsOf(this.conv).size ?? 0) > 0);
    this.markRead();
    this.sayIfSlow();
    if (log !== undefined && !this.panel.open) {
      const mine = Math.max(seen, log.members.get(client?.self.user ?? "")?.read ?? 0);
      this.panel.unread(log.messages.filter((m) => m.seq > mine && m.role !== "visitor" && m.kind !== "system").length);
    }
  }
}

/** The highest seq that the visitor has had before its eyes on this page. */
let seen = 0;

function begin(): void {
  const script = document.currentScript as HTMLScriptElement | null;
  const siteKey = script?.dataset["siteKey"] ?? "";
  if (script === null || siteKey === "" || document.getElementById("uniqchat") !== null) {
    if (siteKey === "") console.error("uniqchat: the script needs data-site-key");
    return;
  }
  const base = new URL(script.src).origin;
  const locale = script.dataset["locale"] ?? (document.documentElement.lang || navigator.language);
  const go = () => { new Widget(base, siteKey, locale); };
  if (document.body === null) document.addEventListener("DOMContentLoaded", go);
  else go();
}

begin();
