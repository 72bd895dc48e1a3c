// The loader: the one script on a shop's page. It draws the round button, keeps the calls of window.uniqchat, and brings the
// chat when somebody wants it: at a click, when a trigger fires, or when there is a conversation to go on with. Before that it
// opens no connection, asks for nothing and sets no cookie.

import type { Call, Chat, Host, Start } from "./host.ts";
import css from "./launcher.css";
import { Session } from "./session.ts";
import { direction, readSettings, type Settings } from "./settings.ts";
import { texts, type Texts } from "./texts.ts";
import { Triggers } from "./triggers.ts";

declare const CHAT_VERSION: string;

interface Api { (...call: unknown[]): unknown; q?: Call[]; chat?(start: Start): void; loaded?: boolean }

type Listener = (detail: unknown) => void;

const events = ["ready", "message", "unread", "opened", "closed", "queue"];
const page = window as unknown as { uniqchat?: Api };

interface TrustedTypes { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } }

/** An address of a script, as pages with Trusted Types want it: by the policy `uniqchat`, which is used for this alone. */
function scriptURL(url: string): string {
  const types = (window as unknown as { trustedTypes?: TrustedTypes }).trustedTypes;
  try {
    policy ??= types?.createPolicy("uniqchat", { createScriptURL: (u) => u });
  } catch {
    // The page allows no such policy. If it insists on one, the browser says so at the next step.
  }
  return policy?.createScriptURL(url) ?? url;
}

let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

class Loader implements Host {
  readonly element = document.createElement("div");
  readonly root: ShadowRoot;
  readonly launcher = document.createElement("button");
  private readonly badge = document.createElement("span");
  private readonly triggered: Triggers;
  private chat: Chat | null = null;
  private asked: HTMLScriptElement | null = null;
  private readonly calls: Call[] = [];
  private wanted = false;
  private isOpen = false;
  private count = 0;
  readonly session: Session;
  t: Texts;

  constructor(readonly settings: Settings, public locale: string, private readonly nonce: string, private readonly say: (event: string, detail: unknown) => void) {
    this.t = texts(locale);
    this.session = new Session(settings.base, settings.siteKey, locale);
    this.element.id = "uniqchat";
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const look = () => { this.element.toggleAttribute("data-dark", settings.theme === "dark" || (settings.theme === "auto" && dark.matches)); };
    dark.addEventListener("change", look);
    look();
    this.element.dataset["position"] = settings.position;
    this.root = this.element.attachShadow({ mode: "open" });
    this.style(css);
    this.draw();
    this.setLocale(locale);
    this.triggered = new Triggers(settings.siteKey, locale, (id, text) => this.greet(id, text));
    document.body.append(this.element);
    this.begin();
  }

  get base(): string { return this.settings.base; }
  get siteKey(): string { return this.settings.siteKey; }

  /** A style sheet that no content security policy refuses; older browsers get an element with the page's nonce. */
  style(text: string): void {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      this.root.adoptedStyleSheets = [...this.root.adoptedStyleSheets, sheet];
    } catch {
      const el = document.createElement("style");
      el.nonce = this.nonce;
      el.textContent = text;
      this.root.append(el);
    }
  }

  private draw(): void {
    const b = this.launcher;
    b.type = "button";
    b.className = "launcher";
    b.dataset["testid"] = "launcher";
    b.hidden = this.settings.hideLauncher;
    b.setAttribute("aria-expanded", "false");
    b.setAttribute("aria-label", this.t.open);
    b.append(icon("talk", "M12 3.500c5 0 9 3.400 9 7.700s-4 7.700-9 7.700c-1 0-2-.130-2.900-.400L4.500 20.500l1.200-3.600C4 15.500 3 13.500 3 11.200c0-4.300 4-7.700 9-7.700z", "M8.200 11.200h.01M12 11.200h.01M15.800 11.200h.01"), icon("down", "M6 9.500l6 6 6-6"), this.badge);
    this.badge.className = "badge";
    this.badge.hidden = true;
    b.onclick = () => this.call(["toggle"]);
    b.onpointerenter = b.onfocus = () => this.bring();
    this.root.append(b);
  }

  /** Goes on with what the browser knows of, and looks for triggers. */
  private begin(): void {
    const { session } = this;
    if (session.conv !== "" && !session.done) whenIdle(() => this.bring());
    else if (session.config.triggers !== undefined) this.triggered.set(session.config.triggers);
    else if (this.settings.triggers) whenIdle(() => session.credentials(false).then(() => this.triggered.set(session.config.triggers), () => {})); // one request, which the page has asked for
  }

  private greet(id: string, text: string): void {
    this.bring();
    this.calls.push(["greet", id, text]);
    this.flush();
    if (!this.isOpen) this.tease(text);
  }

  /** The words of a trigger, beside the button. */
  private tease(text: string): void {
    this.unread(1);
    const box = document.createElement("div");
    box.className = "tease";
    box.dataset["testid"] = "tease";
    const say = document.createElement("button");
    say.type = "button";
    say.textContent = text;
    say.onclick = () => this.call(["open"]);
    const no = document.createElement("button");
    no.type = "button";
    no.className = "tease-close";
    no.setAttribute("aria-label", this.t.dismiss);
    no.append(icon("x", "M6 6l12 12M18 6L6 18"));
    no.onclick = () => { box.remove(); this.unread(0); };
    box.append(say, no);
    box.setAttribute("role", "status");
    this.root.append(box);
  }

  /** Brings the chat, once. */
  bring(): void {
    if (this.chat !== null || this.asked !== null) return;
    const s = (this.asked = document.createElement("script"));
    s.src = scriptURL(`${this.base}/widget-chat.js?v=${CHAT_VERSION}`);
    s.async = true;
    if (this.nonce !== "") s.nonce = this.nonce;
    s.onload = () => s.remove();
    s.onerror = () => { // the next intent tries again
      s.remove();
      this.asked = null;
      this.busy(false);
      if (this.wanted) setTimeout(() => { if (this.wanted) this.bring(); }, 3000);
    };
    document.head.append(s);
  }

  arrived(start: Start): void {
    if (this.chat !== null) return;
    this.chat = start(this);
    this.busy(false);
    this.flush();
  }

  call(call: Call): unknown {
    const [name, a, b] = call;
    if (name === "track") this.triggered.track(String(a), b);
    if (name === "reset" && this.chat === null) {
      this.session.reset();
      this.calls.length = 0;
      return undefined;
    }
    if (this.chat === null && (name === "open" || name === "toggle")) {
      this.wanted = true;
      this.busy(true);
      this.bring();
      return undefined;
    }
    if (name === "close") this.wanted = false;
    if (name === "setLocale" && typeof a === "string") this.setLocale(a);
    this.calls.push(call);
    if (this.calls.length > 200) this.calls.shift();
    this.flush();
    return undefined;
  }

  setLocale(locale: string): void {
    this.locale = this.session.locale = locale;
    this.t = texts(locale);
    this.element.lang = locale;
    this.element.dir = direction(locale);
    this.unread(this.count);
  }

  private flush(): void {
    if (this.chat === null) return;
    for (const call of this.calls.splice(0)) {
      if (call[0] === "toggle") this.chat.toggle(!this.isOpen);
      else if (call[0] === "greet") this.chat.greet(String(call[1]), String(call[2]));
      else this.chat.call(call);
    }
    if (this.wanted) {
      this.wanted = false;
      this.chat.toggle(true);
    }
  }

  private busy(on: boolean): void {
    this.launcher.classList.toggle("busy", on);
    this.launcher.setAttribute("aria-busy", String(on));
  }

  emit(event: string, detail: unknown): void {
    this.say(event, detail);
  }

  opened(open: boolean): void {
    this.isOpen = open;
    this.launcher.classList.toggle("opened", open);
    this.launcher.setAttribute("aria-expanded", String(open));
    if (open) this.root.querySelector(".tease")?.remove();
    this.unread(open ? 0 : this.count);
    this.say(open ? "opened" : "closed", null);
  }

  unread(n: number): void {
    this.count = n;
    this.badge.hidden = n === 0 || this.isOpen;
    this.badge.textContent = n > 99 ? "99+" : String(n);
    this.launcher.setAttribute("aria-label", this.isOpen ? this.t.close : n === 0 ? this.t.open : `${this.t.open}: ${n} ${this.t.unreadMessages}`);
  }

  triggers(config: unknown): void {
    this.triggered.set(config);
  }
}

function icon(name: string, ...paths: string[]): SVGSVGElement {
  const make = (tag: string, attributes: Record<string, string>) => {
    const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const k in attributes) el.setAttribute(k, attributes[k]!);
    return el;
  };
  const svg = make("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.9", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: `l-${name}` });
  svg.append(...paths.map((d) => make("path", { d })));
  return svg as SVGSVGElement;
}

/** Runs f when the page has loaded and has nothing better to do. */
function whenIdle(f: () => void): void {
  const idle = () => (typeof requestIdleCallback === "undefined" ? setTimeout(f, 200) : requestIdleCallback(() => f(), { timeout: 2000 }));
  if (document.readyState === "complete") idle();
  else addEventListener("load", idle, { once: true });
}

/** Takes over window.uniqchat: calls that came before the script are made up for, in their order. */
function install(script: HTMLScriptElement | null): void {
  if (page.uniqchat?.loaded === true) return; // the snippet stands twice on the page
  const early = page.uniqchat?.q ?? [];
  const data: Record<string, string | undefined> = script === null ? {} : { ...script.dataset };
  const base = script === null ? location.origin : new URL(script.src).origin;
  const listeners = new Map<string, Set<Listener>>();
  const waiting: Call[] = [];
  let loader: Loader | null = null;
  let ready = false;
  const emit = (event: string, detail: unknown) => {
    for (const f of listeners.get(event) ?? []) {
      try {
        f(detail);
      } catch (e) {
        setTimeout(() => { throw e; }, 0); // the page's own mistake, for its own console
      }
    }
  };
  const boot = (raw: Record<string, unknown>) => {
    if (loader !== null) return;
    const settings = readSettings({ ...data, ...raw }, base, document.documentElement.lang || navigator.language);
    if (settings.siteKey === "") {
      console.error("uniqchat: data-site-key, or siteKey in uniqchat('boot', {…}), is needed");
      return;
    }
    const go = () => {
      if (loader !== null) return;
      loader = new Loader(settings, settings.locale, script?.nonce ?? "", emit);
      for (const call of waiting.splice(0)) loader.call(call);
      ready = true;
      emit("ready", null);
    };
    if (document.body === null) document.addEventListener("DOMContentLoaded", go);
    else go();
  };
  const api: Api = (...call) => {
    const [name, a, b] = call;
    if (name === "boot") boot(typeof a === "object" && a !== null ? (a as Record<string, unknown>) : {});
    else if (name === "on" && typeof a === "string" && events.includes(a) && typeof b === "function") {
      const set = listeners.get(a) ?? new Set<Listener>();
      listeners.set(a, set.add(b as Listener));
      if (a === "ready" && ready) (b as Listener)(null);
      return () => set.delete(b as Listener);
    } else if (loader === null) waiting.push(call);
    else return loader.call(call);
    return undefined;
  };
  api.loaded = true;
  api.chat = (start) => loader?.arrived(start);
  page.uniqchat = api;
  for (const call of early) api(...Array.from(call));
  if (data["siteKey"] !== undefined && data["boot"] !== "manual") boot({});
}

install(document.currentScript as HTMLScriptElement | null);
