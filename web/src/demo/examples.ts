// Runnable examples of the widget's SDK. What is shown is what runs: the text of each function, which the build leaves as it is.
// They are written against the types that shops get.

/// <reference path="../widget/widget.d.ts" />

import { load } from "../shared/browser.ts";
import { h } from "../shared/dom.ts";
import type { examples as en, Translation } from "../shared/i18n/en.ts";
import { pickLanguage } from "../shared/i18n/index.ts";
import { examples as languages } from "../shared/languages.ts";

type Texts = Translation<typeof en>;


/** seen is what can be seen of it on this page: "" as long as it has not happened. */
interface Example { id: string; title: keyof Texts; text: keyof Texts; run(): void; seen(t: Texts): string }

const widget = () => document.getElementById("uniqchat");
const launcher = () => widget()?.shadowRoot?.querySelector<HTMLElement>(".launcher");
const isOpen = () => launcher()?.getAttribute("aria-expanded") === "true";

function visitor(): { name?: string; verified?: boolean } | null {
  const kept = load("uniqchat:widget:demo") as { visitor?: { id?: string; name?: string; verified?: boolean } } | null;
  return kept?.visitor?.id ? kept.visitor : null;
}

/** The last of what waits for a connection, or that nothing waits. */
function told(t: Texts, name: string): string {
  const kept = JSON.parse(sessionStorage.getItem("uniqchat:tracked") ?? "[]") as { name: string; data: Record<string, unknown> }[];
  const mine = kept.filter((e) => e.name === name || e.data["name"] === name).at(-1);
  return mine === undefined ? t.seenTold : `${t.seenKept} ${name} ${JSON.stringify(mine.data)}`;
}


const list: readonly Example[] = [
  { id: "open", title: "open", text: "openText", run() {
    uniqchat("open");
    setTimeout(() => uniqchat("close"), 3500);
  }, seen: (t) => (isOpen() ? t.seenOpen : "") },
  { id: "on", title: "on", text: "onText", run() {
    const off = uniqchat("on", "opened", () => {
      document.body.dataset["chat"] = "opened";
      off?.(); // once is enough
    });
    uniqchat("close");
    uniqchat("open");
  }, seen: (t) => (document.body.dataset["chat"] === "opened" ? t.seenOn : "") },
  { id: "user", title: "user", text: "userText", run() {
    uniqchat("setUser", {
      id: "42",
      name: "Mei Lin",
      email: "mei@example.com",
    });
    uniqchat("setAttributes", { plan: "gold", orders: 7 });
    uniqchat("open");
  }, seen: (t) => (visitor()?.name === "Mei Lin" ? `${t.seenUser} Mei Lin, ${visitor()?.verified ? t.seenVerified : t.seenUnverified}` : "") },
  { id: "locale", title: "locale", text: "localeText", run() {
    const chinese = document.getElementById("uniqchat")!.lang.startsWith("zh");
    uniqchat("setLocale", chinese ? "en" : "zh-CN");
  }, seen: (t) => `${t.seenLocale} ${widget()!.lang}, “${launcher()!.getAttribute("aria-label")!}”` },
  { id: "cart", title: "cart", text: "cartText", run() {
    uniqchat("track", "cart_updated", {
      value: 459,
      currency: "CNY",
      items: [{ id: "lamp", name: "Desk lamp", quantity: 1, price: 459 }],
    });
  }, seen: (t) => told(t, "cart_updated") },
  { id: "order", title: "order", text: "orderText", run() {
    uniqchat("track", "order_placed", {
      id: "A-1001",
      value: 459,
      currency: "CNY",
    });
    uniqchat("track", "newsletter", { topic: "lamps" });
  }, seen: (t) => `${told(t, "order_placed")}\n${told(t, "newsletter")}` },
  { id: "page", title: "page", text: "pageText", run() {
    history.pushState(null, "", `?lang=${document.documentElement.lang}&product=lamp-${Date.now() % 1000}`);
    document.title = "Desk lamp";
  }, seen: (t) => told(t, "page_view") },
  { id: "look", title: "look", text: "lookText", run() {
    document.documentElement.style.setProperty("--uniqchat-color", "#7c2d5e");
    document.documentElement.style.setProperty("--uniqchat-radius", "8px");
    uniqchat("open");
  }, seen: (t) => (isOpen() ? `${t.seenLook} ${getComputedStyle(launcher()!).backgroundColor}` : "") },
  { id: "reset", title: "reset", text: "resetText", run() {
    uniqchat("close");
    uniqchat("reset");
  }, seen: (t) => (visitor() === null ? t.seenReset : "") },
];

/** A function's statements as they stand in the source. */
function sourceOf(run: () => void): string {
  const lines = run.toString().split("\n").slice(1, -1);
  const indent = Math.min(...lines.filter((l) => l.trim() !== "").map((l) => l.search(/\S/)));
  return lines.map((l) => l.slice(indent)).join("\n");
}

const heard = h("ol", { "aria-live": "polite", "data-testid": "heard" });

function note(name: string, detail: unknown): void {
  heard.prepend(h("li", {}, h("b", {}, name), detail === null ? "" : ` ${JSON.stringify(detail)}`));
  while (heard.children.length > 50) heard.lastElementChild!.remove();
}

function example(e: Example, t: Texts): HTMLElement {
  const run = h("button", { type: "button", class: "button", "data-testid": `run-${e.id}`, "aria-label": `${t.run}: ${t[e.title]}` }, t.run);
  const seen = h("output", { class: "seen", "data-testid": `seen-${e.id}` });
  run.addEventListener("click", () => {
    seen.textContent = "";
    e.run();
    look(20);
  });
  const look = (times: number) => setTimeout(() => {
    seen.textContent = e.seen(t);
    if (seen.textContent === "" && times > 0) look(times - 1);
    else seen.textContent ||= t.seenNothing;
  }, 250);
  return h("article", { class: "example" }, h("h2", {}, t[e.title]), h("p", {}, t[e.text]), h("pre", { tabindex: 0, role: "region", "aria-label": `${t.code}: ${t[e.title]}` }, h("code", {}, sourceOf(e.run))), run, seen);
}

function draw(language: string): void {
  const t = languages[language]!;
  document.documentElement.lang = language === "zh" ? "zh-CN" : language;
  document.title = `${t.title} · uniqchat`;
  document.getElementById("shop")!.replaceChildren(
    h("header", { class: "top" }, h("a", { class: "brand", href: "/demo/" }, t.shop), h("nav", {}, h("a", { href: "/widget.d.ts" }, t.types), h("a", { href: "/api/docs" }, t.api))),
    h("main", {},
      h("div", { class: "intro" }, h("h1", {}, t.title), h("p", {}, t.intro)),
      h("div", { class: "examples" }, h("div", {}, ...list.map((e) => example(e, t))),
        h("section", { class: "heard", "aria-label": t.events }, h("h2", {}, t.events), h("p", {}, t.eventsText), heard))));
}

const wanted = new URLSearchParams(location.search).get("lang");
const kept = load("uniqchat:demo:language");
draw(pickLanguage([wanted, typeof kept === "string" ? kept : null, ...navigator.languages], Object.keys(languages)));

// Calls may come before the script: they are made up for when it is there.
const page = window as unknown as { uniqchat?: { (...call: unknown[]): unknown; q?: unknown[] } };
page.uniqchat ??= Object.assign((...call: unknown[]) => { page.uniqchat!.q!.push(call); }, { q: [] as unknown[] });
const events: readonly (keyof UniqchatEvents)[] = ["ready", "opened", "closed", "message", "unread", "queue"];
for (const event of events) uniqchat("on", event, (detail) => note(event, detail));
uniqchat("boot", { locale: document.documentElement.lang });
