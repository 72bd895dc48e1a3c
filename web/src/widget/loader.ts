// The loader: the one script on a shop's page. It draws the round button, keeps the calls of window.uniqchat, and brings the
// chat when somebody wants it: at a click, when a trigger fires, or when there is a conversation to go on with. Before that it
// opens no connection and sets no cookie, and asks for nothing but how the site wants its widget, when it has no copy of that.

import type { launcher as en, Translation } from "../shared/i18n/en.ts";
import { pickLanguage } from "../shared/i18n/index.ts";
import { launcher as languages } from "../shared/languages.ts";
import { plain } from "./calls.ts";
import type { Call, Chat, Host, Start } from "./host.ts";
import { icon } from "./icon.ts";
import css from "./launcher.css";
import more from "./more.css";
import { watchPages } from "./pages.ts";
import { bringScript, whenIdle } from "./scripts.ts";
import { identityOf, Session } from "./session.ts";
import { direction, isLight, list, readSettings, type Settings } from "./settings.ts";
import { askSite, keptSite, object, settingsOf, type Site } from "./site.ts";
import type { Texts } from "./texts.ts";
import { Tracker } from "./track.ts";
import { Triggers } from "./triggers.ts";

/** What is in each of the other files, by name. */
declare const VERSIONS: Readonly<Record<string, string>>;

interface Api { (...call: unknown[]): unknown; q?: Call[]; chat?(start: Start): void; words?: Record<string, Texts>; loaded?: boolean }

/** The language there is for a locale. */
const spokenIn = (locale: string) => pickLanguage([locale], Object.keys(languages));

type Listener = (detail: unknown) => void;

const events = ["ready", "message", "unread", "opened", "closed", "queue"];
const page = window as unknown as { uniqchat?: Api };

class Loader implements Host {
  readonly element = document.createElement("div");
  readonly root: ShadowRoot;
  readonly launcher = document.createElement("button");
  private readonly badge = document.createElement("span");
  private readonly words = document.createElement("span");
  private readonly triggered: Triggers;
  private dark: MediaQueryList | null = null;
  private readonly colors: Record<string, string> = {};
  readonly tracker = new Tracker();
  private chat: Chat | null = null;
  private asked = false;
  /** A trigger's words, until the chat is there. */
  private greeting = "";
  private wanted = false;
  private refused = false;
  /** The server was asked for the site's look, and nobody answered. */
  private unanswered = false;
  private watched = false;
  private isOpen = false;
  private count = 0;
  private site: Site = { widget: {}, triggers: [] };
  readonly session: Session;
  settings: Settings;
  private start: Start | null = null;
  private era: number;
  private shown = 0;
  private readonly gone = new MutationObserver(() => this.show());
  /** What has the focus, also in the moment in which it loses it because the page takes the widget away. */
  private focused: HTMLElement | null = null;

  constructor(private readonly raw: Record<string, unknown>, first: Settings, private readonly nonce: string, readonly emit: Host["emit"]) {
    this.settings = first;
    const { base, siteKey } = first;
    this.locale = first.locale;
    this.session = new Session(base, siteKey, this.locale);
    this.era = this.session.era;
    const noticed = () => {
      if (this.session.era !== this.era) this.forget();
      else this.chat?.noticed();
    };
    addEventListener("storage", (e) => { if (e.key?.startsWith(this.session.key) === true) noticed(); });
    addEventListener("pageshow", (e) => { if (e.persisted) noticed(); });
    const busy = () => this.session.conv !== "" && !this.session.done;
    const told = (name: string, trigger: string) => this.tracker.track(name, { trigger }); // for the agents, and for whoever counts what triggers are good for
    this.triggered = new Triggers(siteKey, {
      busy,
      fire: (id, text) => { told("trigger_shown", id); this.greet(text); },
      held: (id) => told("trigger_held_out", id),
      drawn: (id) => (list(this.session.config.triggers) as { id?: unknown; held_out?: boolean }[]).find((t) => t?.id === id)?.held_out,
    });
    this.element.id = "uniqchat";
    this.root = this.element.attachShadow({ mode: "open" });
    this.element.onkeydown = this.element.onkeypress = this.element.onkeyup = (e) => e.stopPropagation(); // the page's own shortcuts know nothing of the fields in here
    for (const n of ["focusin", "focusout"]) this.root.addEventListener(n, () => setTimeout(() => { this.focused = this.root.activeElement as HTMLElement | null; }));
    this.style(css);
    this.draw();
    whenIdle(() => { if (busy()) this.bring(); });
    const kept = keptSite(siteKey);
    if (kept !== null) this.take(kept);
    else this.look();
    // Without a copy the button waits for its look, but not for long: it must not jump.
    if (kept === null) setTimeout(() => this.show(), 2000);
    else this.show();
    if (kept === null || kept.old) void this.ask();
    else queueMicrotask(() => this.begin()); // after what the page has called already
  }

  /** Asks how the site wants its widget. Only the server's own word takes it away; if nobody answers, it asks again in a minute, and at the next intent. */
  private async ask(): Promise<void> {
    const { siteKey } = this;
    this.unanswered = false;
    const site = await askSite(this.base, siteKey);
    this.unanswered = site === null;
    if (site === "no") {
      console.error(`uniqchat: no chat here, because there is no site key "${siteKey}" that may be used on ${location.origin}. Its origins are set in the console, with the site keys.`);
      this.refused = true;
      this.element.remove();
      return;
    }
    if (site !== null) this.take(site);
    clearTimeout(this.asking);
    if (site === null) this.asking = setTimeout(() => this.askAgain(), 60_000);
    this.show();
    this.begin();
  }

  private askAgain(): void {
    if (this.unanswered) void this.ask();
  }

  locale: string;
  /** The locale that was asked for last; its words may be on their way. */
  private meant = "";
  private asking: ReturnType<typeof setTimeout> | undefined;
  mark = "";

  /** Puts the widget on the page, and on it again where the page has taken it away with its body or with what is in that. */
  private show(): void {
    const { documentElement, body } = document;
    if (this.refused || this.element.isConnected || body === null || this.shown++ > 999) return; // a page that will not have it gets its way
    document.querySelector("#uniqchat[data-position]")?.remove(); // a copy in what the page has kept of itself
    body.append(this.element);
    for (const e of [documentElement, body]) this.gone.observe(e, { childList: true });
    if (document.activeElement === body) this.focused?.focus();
    this.chat?.spoken(); // what was scrolled is at its beginning
  }

  /** What only a page needs on which something is said: most never do, and it takes their time. */
  private dress(): void {
    this.show();
    if (this.dark !== null) return;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", () => this.look());
    this.style(more);
    this.launcher.append(icon("down", "M6 9.5l6 6 6-6"));
    this.look();
  }

  /** What the page says goes before what the console says. */
  private take(site: Site): void {
    this.site = site;
    this.look();
  }

  private look(): void {
    const s = (this.settings = readSettings({ ...settingsOf(this.site.widget, this.locale), ...this.raw }, this.settings.base, this.locale));
    const { element, locale } = this;
    element.toggleAttribute("data-dark", s.theme === "dark" || (s.theme === "auto" && this.dark?.matches === true));
    element.dataset["position"] = s.position;
    const lang = spokenIn(locale);
    element.lang = locale.startsWith(lang) ? locale : lang;
    element.dir = direction(locale);
    const set = (name: string, value: string) => {
      if (value !== (this.colors[name] ?? "")) element.style.setProperty(name, (this.colors[name] = value)); // "" takes it away
    };
    const light = s.color !== "" && isLight(s.color);
    set("--uq-color", s.color);
    set("--uq-to", s.colorTo || (light ? `color-mix(in srgb, ${s.color} 80%, #fff)` : "")); // towards what is written on it nothing may go
    set("--uq-on", s.colorOn || (light ? "#000" : ""));
    set("--uq-accent", light ? `color-mix(in srgb, ${s.color} 50%, #000)` : s.color);
    set("--uq-accent-dark", s.color === "" ? "" : light ? s.color : `color-mix(in srgb, ${s.color} 45%, #fff)`);
    this.launcher.hidden = s.hideLauncher;
    this.launcher.classList.toggle("wordy", s.launcher !== "");
    this.words.textContent = s.launcher;
    this.triggered.locale = locale;
    this.unread(this.count);
    this.chat?.spoken();
  }

  private get own(): Translation<typeof en> { return languages[spokenIn(this.locale)]!; }
  get t(): Texts { return page.uniqchat!.words![spokenIn(this.locale)]!; }
  get base(): string { return this.settings.base; }
  get siteKey(): string { return this.settings.siteKey; }

  /** A style sheet that no content security policy refuses; older browsers get an element with the page's nonce. */
  style(text: string): void {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      this.root.adoptedStyleSheets.push(sheet);
    } catch {
      const el = document.createElement("style");
      el.nonce = this.nonce;
      el.textContent = text;
      this.root.append(el);
    }
  }

  private draw(): void {
    const b = this.launcher;
    b.className = "launcher";
    b.dataset["testid"] = "launcher";
    b.setAttribute("aria-expanded", "false");
    b.append(icon("talk", "M12 3.5c5 0 9 3.4 9 7.7s-4 7.7-9 7.7c-1 0-2-.13-2.9-.4L4.5 20.5l1.2-3.6C4 15.5 3 13.5 3 11.2c0-4.3 4-7.7 9-7.7z", "M8.2 11.2h.01M12 11.2h.01M15.8 11.2h.01"), this.words, this.badge);
    this.badge.className = "badge";
    b.onclick = () => this.call(["toggle"]);
    b.onpointerenter = b.onfocus = () => this.bring();
    this.root.append(b);
  }

  private begin(): void {
    if (this.settings.triggers) this.triggered.set(this.site.triggers);
    if (this.settings.pageViews && !this.watched) {
      this.watched = true;
      watchPages((url, title) => this.tracker.track("page_view", { url, title }), this);
    }
  }

  /** Boot was called again: settings may change, the site may not. */
  boot(raw: Record<string, unknown>): void {
    const { siteKey, base, locale } = this;
    if ((raw["siteKey"] ?? siteKey) !== siteKey) console.error(`uniqchat: this page has the chat of "${siteKey}"; another site's needs another page`);
    Object.assign(this.raw, raw, { siteKey, base });
    this.setLocale(String(raw["locale"] || this.meant || locale));
  }

  private greet(text: string): void {
    this.bring();
    this.greeting = text;
    this.chat?.greet(text);
    if (!this.isOpen) this.tease(text);
  }

  /** The words of a trigger, beside the button. */
  private tease(text: string): void {
    this.dress();
    const box = document.createElement("div");
    box.className = "tease";
    box.dataset["testid"] = "tease";
    const say = document.createElement("button");
    say.textContent = text;
    say.onclick = () => this.call(["open"]);
    const no = document.createElement("button");
    no.className = "tease-close";
    no.setAttribute("aria-label", this.own.dismiss);
    no.append(icon("x", "M6 6l12 12M18 6L6 18"));
    no.onclick = () => { box.remove(); this.unread(this.count); };
    box.append(say, no);
    box.setAttribute("role", "status");
    this.root.append(box);
    this.unread(this.count);
  }

  /** Brings the chat and its words, once. */
  bring(): void {
    this.askAgain();
    if (this.chat !== null || this.asked || this.refused) return;
    this.asked = true;
    this.dress();
    void Promise.all([this.speak(this.locale), this.start !== null || this.script("widget-chat")]).then(([words, there]) => {
      this.busy(false);
      if (words && there) {
        this.chat = this.start!(this);
        if (this.greeting !== "") this.chat.greet(this.greeting);
        if (this.wanted) this.chat.toggle(true);
        return;
      }
      this.asked = false; // the next intent tries again
      if (this.wanted) setTimeout(() => { if (this.wanted) this.bring(); }, 3000);
    });
  }

  /** Brings the words of a language, if they are not here. */
  private async speak(locale: string): Promise<boolean> {
    const language = spokenIn(locale);
    return language in page.uniqchat!.words! || this.script(`widget-${language}`);
  }

  script(name: string): Promise<boolean> {
    return bringScript(`${this.base}/${name}.js?v=${VERSIONS[name]}`, this.nonce);
  }

  arrived(start: Start): void {
    this.start = start;
  }

  call([name, a, b]: Call): void {
    if (this.refused) return;
    const { chat, session } = this;
    switch (name) {
      case "track": {
        const what = String(a);
        const data = object(b);
        this.tracker.track(what.slice(0, 100), data);
        this.triggered.track(what, data);
        break;
      }
      case "setUser": session.identify(identityOf(a)); break; // at once: it holds on the next page, and in other tabs
      case "setAttributes": session.identify(identityOf({ attributes: a })); break;
      case "setLocale":
        if (typeof a === "string") this.setLocale(a);
        break;
      case "reset":
        if (session.visitor.id !== "" || session.conv !== "") this.bring(); // it removes what was written
        session.reset();
        this.forget();
        break;
      case "open": case "close": case "toggle":
        if (chat !== null) chat.toggle(name === "open" || (name === "toggle" && !this.isOpen));
        else if ((this.wanted = name !== "close")) {
          this.busy(true);
          this.bring();
        }
    }
  }

  /** The visitor was forgotten, here or in another tab: so is what this one has of him. */
  private forget(): void {
    this.era = this.session.era;
    this.greeting = "";
    this.tracker.clear();
    this.triggered.forget();
    this.chat?.forget();
  }

  setLocale(locale: string): void {
    this.meant = locale;
    const change = (there: boolean) => {
      if (!there || this.meant !== locale) return;
      this.locale = this.session.locale = locale;
      this.look();
    };
    if (this.asked) void this.speak(locale).then(change);
    else change(true);
  }

  private busy(on: boolean): void {
    this.launcher.classList.toggle("busy", on);
    this.launcher.setAttribute("aria-busy", String(on));
  }

  opened(open: boolean): void {
    this.isOpen = open;
    this.launcher.classList.toggle("opened", open);
    this.launcher.setAttribute("aria-expanded", String(open));
    if (open) this.root.querySelector(".tease")?.remove();
    this.unread(open ? 0 : this.count);
    this.emit(open ? "opened" : "closed", null);
  }

  unread(n: number): void {
    this.count = n;
    n ||= this.root.querySelectorAll(".tease").length;
    this.badge.hidden = n === 0 || this.isOpen;
    this.badge.textContent = n > 99 ? "99+" : String(n);
    const { own, settings } = this;
    const open = settings.launcher === "" ? own.open : `${settings.launcher} (${own.open})`; // what is read aloud begins with what stands there
    this.launcher.setAttribute("aria-label", this.isOpen ? own.close : n === 0 ? open : `${open}: ${n} ${own.unreadMessages}`);
  }
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
    const go = () => {
      if (loader !== null) {
        loader.boot(raw);
        return;
      }
      const own = { ...data, ...raw };
      const settings = readSettings(own, base, document.documentElement.lang || navigator.language);
      if (settings.siteKey === "") {
        console.error("uniqchat: data-site-key, or siteKey in uniqchat('boot', {…}), is needed");
        return;
      }
      loader = new Loader(own, settings, script?.nonce ?? "", emit);
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
    } else {
      const said = plain(call);
      if (loader === null) waiting.push(said);
      else loader.call(said);
    }
    return undefined;
  };
  api.loaded = true;
  api.words = {};
  api.chat = (start) => loader?.arrived(start);
  page.uniqchat = api;
  for (const call of early) api(...Array.from(call));
  if (data["siteKey"] !== undefined && data["boot"] !== "manual") boot({});
}

install(document.currentScript as HTMLScriptElement | null);
