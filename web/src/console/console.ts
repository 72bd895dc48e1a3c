// The agents' page: log in, the queue, one conversation at a time. A first, small console.

import { load, localStore, save, watchBrowser } from "../shared/browser.ts";
import { ProtocolClient } from "../shared/client.ts";
import { fill, h } from "../shared/dom.ts";
import { CredentialsError, type LinkState } from "../shared/link.ts";
import { Outbox } from "../shared/outbox.ts";
import type { Availability } from "../shared/packets.ts";
import { access, ApiError, call, logout, tokens, type Conversation } from "./api.ts";
import { Inbox } from "./inbox.ts";
import { showLogin } from "./login.ts";
import { choose as chooseLanguage, language, texts } from "./texts.ts";
import { Thread } from "./thread.ts";

const root = document.getElementById("app") as HTMLElement;
const lang = language();
const t = texts(lang);
document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
document.title = t.title;

function switchLanguage(): void {
  chooseLanguage(lang === "zh" ? "en" : "zh");
  location.reload();
}

/** Credentials for the live connection: a renewed token after one was refused. */
async function credentials(renew: boolean): Promise<{ url: string; token: string }> {
  try {
    const have = await access(renew ? tokens()?.access_token : "");
    return { url: have.ws_url, token: have.access_token };
  } catch (e) {
    if (e instanceof ApiError) throw new CredentialsError(e.message, e.status === 401, e.retryAfter);
    throw e;
  }
}

const statusKey = "uniqchat:console:status";

function run(): void {
  const session = tokens();
  if (session === null) {
    showLogin(root, t, switchLanguage, run);
    return;
  }
  const me = session.agent;
  const client = new ProtocolClient({
    credentials, outbox: new Outbox(`agent:${me.id}`, localStore), locale: document.documentElement.lang,
    handlers: {
      onState: (s) => { state(s); },
      onReady: () => {
        client.status(status.value as Availability);
        client.watchInbox();
        inbox.refresh();
        if (thread.conv !== null) void reload(thread.conv);
      },
      onChange: (conv) => { if (conv === thread.conv?.id) thread.draw(); },
      onMessage: (m) => {
        inbox.refresh();
        if (m.kind === "system" && m.conv === thread.conv?.id) void reload(thread.conv);
      },
      onEvent: (e) => { if (e.name === "inbox.changed" || e.name === "queue.changed") inbox.refresh(); },
    },
  });
  const broken = (e: unknown) => { if (e instanceof ApiError && e.status === 401) leave(); };
  const inbox = new Inbox(t, (c) => choose(c), broken);
  const thread = new Thread(t, me, client, () => page.classList.remove("reading"), () => {
    inbox.refresh();
    if (thread.conv !== null) void reload(thread.conv);
  });
  const link = h("p", { class: "link-state", role: "status", "data-testid": "link" });
  const status = h("select", { "aria-label": t.status, "data-testid": "status", onchange: () => {
    save(statusKey, status.value);
    client.status(status.value as Availability);
  } }, ...(["online", "busy", "away", "offline"] as const).map((s) => h("option", { value: s }, t[s])));
  status.value = String(load(statusKey) ?? "online");
  if (status.value === "") status.value = "online";
  const page = h("div", { class: "page" },
    h("header", { class: "top" },
      h("strong", { class: "brand" }, h("span", { class: "mark", "aria-hidden": "true" }), "uniqchat"), link, h("span", { class: "me" }, me.name), status,
      h("button", { type: "button", class: "quiet", onclick: switchLanguage }, t.language),
      h("button", { type: "button", class: "quiet", "data-testid": "logout", onclick: () => { void logout().catch(() => undefined).then(leave); } }, t.logout)),
    inbox.element, thread.element);

  function choose(c: Conversation): void {
    page.classList.add("reading");
    inbox.select(c.id);
    thread.show(c);
  }

  async function reload(c: Conversation): Promise<void> {
    try {
      const now = await call<Conversation>("GET", `/conversations/${c.id}`);
      if (thread.conv?.id === now.id) thread.show(now);
    } catch (e) {
      broken(e);
    }
  }

  function state(s: LinkState): void {
    link.dataset["state"] = s.name;
    const text = { idle: "", connecting: t.connecting, online: t.connected, waiting: t.waiting, ended: t.ended + s.reason }[s.name];
    fill(link, text, s.name === "ended" && h("button", { type: "button", class: "link", onclick: () => client.start() }, t.again));
    if (s.name === "ended" && tokens() === null) leave();
  }

  function leave(): void {
    client.stop();
    location.reload();
  }

  fill(root, page);
  watchBrowser(client);
  inbox.refresh();
  window.setInterval(() => inbox.draw(), 30_000); // "3 min" grows old
  client.start();
}

run();
