// The demo shop: a page for the widget to live on. Its goods and its bag are for show.

import { load, save } from "../shared/browser.ts";
import { h } from "../shared/dom.ts";
import type { demo as en, Translation } from "../shared/i18n/en.ts";
import { pickLanguage } from "../shared/i18n/index.ts";
import { demo as languages } from "../shared/languages.ts";
import { picture } from "./pictures.ts";

type Texts = Translation<typeof en>;

const languageKey = "uniqchat:demo:language";

interface Product { id: keyof Texts & string; text: keyof Texts; price: number }

const products: readonly Product[] = [
  { id: "mug", text: "mugText", price: 128 }, { id: "bagName", text: "bagText", price: 169 }, { id: "lamp", text: "lampText", price: 459 },
  { id: "plant", text: "plantText", price: 239 }, { id: "shoes", text: "shoesText", price: 329 }, { id: "book", text: "bookText", price: 49 },
];

const bag = new Set<string>();

/** Tells the widget what a shop would: agents see it beside the conversation. */
function track(name: string, data: Record<string, unknown>): void {
  (window as unknown as { uniqchat?: (...call: unknown[]) => void }).uniqchat?.("track", name, data);
}

function trackBag(): void {
  const items = products.filter((p) => bag.has(p.id)).map((p) => ({ id: p.id, price: p.price, quantity: 1 }));
  track("cart_updated", { value: items.reduce((sum, i) => sum + i.price, 0), currency: "CNY", items });
}

function card(p: Product, t: Texts, bagChanged: () => void): HTMLElement {
  const add = h("button", { type: "button", "aria-pressed": bag.has(p.id) }, bag.has(p.id) ? t.added : t.add);
  add.addEventListener("click", () => {
    if (!bag.delete(p.id)) bag.add(p.id);
    add.textContent = bag.has(p.id) ? t.added : t.add;
    add.setAttribute("aria-pressed", String(bag.has(p.id)));
    bagChanged();
    trackBag();
  });
  return h("article", { class: "product" },
    h("div", { class: `picture tint-${products.indexOf(p) % 3}` }, picture(p.id)),
    h("div", { class: "product-line" }, h("h3", {}, t[p.id]), h("span", { class: "price" }, `¥${p.price}`)),
    h("p", {}, t[p.text]), add);
}

function draw(language: string): void {
  const t = languages[language]!;
  document.documentElement.lang = language === "zh" ? "zh-CN" : language;
  document.title = `${t.title} · uniqchat`;
  const count = h("span", { class: "bag", "aria-live": "polite" });
  const showBag = () => {
    count.textContent = `${t.bag} (${bag.size})`;
  };
  showBag();
  const codes = Object.keys(languages);
  const other = codes[(codes.indexOf(language) + 1) % codes.length]!;
  const name = new Intl.DisplayNames([other], { type: "language" }).of(other) ?? other;
  const promise = (title: string, text: string) => h("div", {}, h("h3", {}, title), h("p", {}, text));
  document.getElementById("shop")!.replaceChildren(
    h("header", { class: "top" },
      h("a", { class: "brand", href: "/demo/" }, t.title),
      h("nav", {},
        h("a", { href: "#collection" }, t.collection),
        h("button", {
          type: "button", lang: other, "aria-label": `${t.languageLabel}: ${name}`,
          onclick: () => {
            save(languageKey, other);
            location.reload(); // the widget takes its language from the page when it starts
          },
        }, name),
        count)),
    h("main", {},
      h("section", { class: "hero" },
        h("div", {}, h("h1", {}, t.tagline), h("p", {}, t.intro), h("a", { class: "button", href: "#collection" }, t.browse)),
        h("div", { class: "hero-picture" }, picture("plant"), picture("mug"), picture("lamp"))),
      h("section", { id: "collection" }, h("h2", {}, t.collection),
        h("div", { class: "grid" }, ...products.map((p) => card(p, t, showBag)))),
      h("section", { class: "promises" },
        promise(t.shipping, t.shippingText), promise(t.returns, t.returnsText), promise(t.support, t.supportText))),
    h("footer", {}, h("p", {}, t.footer), h("span", {}, h("a", { href: "examples.html" }, t.examplesLink), " · ", h("a", { href: "/console/" }, t.consoleLink))));
}

const asked = new URLSearchParams(location.search).get("lang");
const kept = load(languageKey);
draw(pickLanguage([asked, typeof kept === "string" ? kept : null, ...navigator.languages], Object.keys(languages)));
