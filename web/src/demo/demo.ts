// The demo shop: a page that could be anybody's, with the widget on it by one script line.

const words = {
  zh: {
    name: "青竹茶具", teaware: "茶具", delivery: "配送", headline: "一杯好茶，从器开始", sub: "手工烧制的茶壶与茶杯，附泡茶小贴士。有问题？点右下角，我们的客服马上回复。",
    deliveryText: "满 299 元包邮，48 小时内发货，七天无理由退换。", footer: "这是 uniqchat 的演示商店，商品并不出售。", add: "加入购物车", added: "已加入", language: "English",
  },
  en: {
    name: "Bamboo Tea", teaware: "Teaware", delivery: "Delivery", headline: "A good cup begins with the pot", sub: "Hand-fired pots and cups, with a tip for every tea. A question? Click at the bottom right, we answer at once.",
    deliveryText: "Free delivery from ¥299, sent within 48 hours, returns within seven days.", footer: "This is uniqchat's demo shop: nothing here is for sale.", add: "Add to cart", added: "Added", language: "中文",
  },
};
type Lang = keyof typeof words;

const products: readonly { zh: string; en: string; price: number; hue: number; shape: string }[] = [
  { zh: "紫砂壶 · 西施", en: "Zisha teapot", price: 468, hue: 18, shape: "M34 70c0-24 14-36 36-36s36 12 36 36-14 30-36 30-36-6-36-30zM106 60c16-6 22 2 16 14s-14 12-18 10M34 62c-12-2-18-10-22-18M62 34c0-8 16-8 16 0" },
  { zh: "白瓷盖碗", en: "Porcelain gaiwan", price: 168, hue: 205, shape: "M30 52h80c0 30-16 46-40 46S30 82 30 52zM44 52c4-14 14-20 26-20s22 6 26 20M64 32c0-6 12-6 12 0M36 102h68" },
  { zh: "青瓷品茗杯 · 四只", en: "Celadon cups, set of four", price: 128, hue: 160, shape: "M22 50h40c0 18-8 28-20 28S22 68 22 50zM78 50h40c0 18-8 28-20 28S78 68 78 50zM50 84h40c0 16-8 24-20 24S50 100 50 84z" },
  { zh: "竹制茶盘", en: "Bamboo tray", price: 239, hue: 90, shape: "M20 74l22-24h76l-12 24zM20 74v10h86V74M106 84l12-22V50M52 56l-14 14M74 56L62 70M96 56L88 70" },
];

const saved = localStorage.getItem("demo:lang");
const lang: Lang = saved === "zh" || saved === "en" ? saved : navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
const t = words[lang];

document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
for (const el of document.querySelectorAll<HTMLElement>("[data-t]")) el.textContent = t[el.dataset["t"] as keyof typeof t];
const button = document.getElementById("language") as HTMLButtonElement;
button.textContent = t.language;
button.addEventListener("click", () => {
  localStorage.setItem("demo:lang", lang === "zh" ? "en" : "zh");
  location.reload();
});

function svg(name: string, attributes: Record<string, string>): SVGElement {
  const el = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) el.setAttribute(k, v);
  return el;
}

for (const p of products) {
  const card = document.createElement("article");
  const picture = svg("svg", { viewBox: "0 0 140 130", role: "img", "aria-label": p[lang] });
  picture.append(
    svg("rect", { width: "140", height: "130", fill: `hsl(${p.hue} 42% 90%)` }),
    svg("path", { d: p.shape, fill: `hsl(${p.hue} 38% 62%)`, stroke: `hsl(${p.hue} 40% 34%)`, "stroke-width": "2.5", "stroke-linejoin": "round", "stroke-linecap": "round" }));
  const name = document.createElement("h3");
  name.textContent = p[lang];
  const price = document.createElement("p");
  price.textContent = `¥${p.price}`;
  const add = document.createElement("button");
  add.type = "button";
  add.textContent = t.add;
  add.addEventListener("click", () => { add.textContent = `✓ ${t.added}`; });
  card.append(picture, name, price, add);
  document.getElementById("products")?.append(card);
}
