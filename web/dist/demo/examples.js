"use strict";
(() => {
  // src/shared/browser.ts
  var localStore = (() => {
    try {
      return window.localStorage;
    } catch {
      return null;
    }
  })();
  function load(key) {
    try {
      return JSON.parse(localStore?.getItem(key) ?? "null");
    } catch {
      return null;
    }
  }

  // src/shared/dom.ts
  var properties = /* @__PURE__ */ new Set(["value", "checked", "disabled", "hidden", "textContent"]);
  function h(tag, props = {}, ...children) {
    const el = document.createElement(tag);
    setProps(el, props);
    append(el, children);
    return el;
  }
  function setProps(el, props) {
    for (const [name, value] of Object.entries(props)) {
      if (name.startsWith("on") && typeof value === "function") el.addEventListener(name.slice(2), value);
      else if (properties.has(name)) el[name] = value;
      else if (value === true) el.setAttribute(name, "");
      else if (value !== null && value !== void 0 && value !== false) el.setAttribute(name, String(value));
    }
  }
  function append(el, children) {
    for (const c of children) if (c !== null && c !== void 0 && c !== false) el.append(c);
  }

  // src/shared/i18n/index.ts
  function pickLanguage(wishes, offered) {
    return wishes.map((w) => w?.toLowerCase().split(/[-_]/)[0] ?? "").find((w) => offered.includes(w)) ?? offered[0] ?? "en";
  }

  // src/shared/i18n/en.ts
  var examples = {
    title: "SDK examples",
    shop: "Nook & Needle",
    types: "Types",
    api: "API",
    intro: "Every call of window.uniqchat, ready to run on this page. The code you see is the code that runs; what the widget tells the page stands beside it.",
    run: "Run",
    code: "Code",
    events: "Events",
    eventsText: "What the listeners of this page have heard, the newest first.",
    open: "Open and close",
    openText: "Opens the chat, and closes it after a few seconds.",
    on: "Listen to an event",
    onText: "uniqchat('on', …) returns a function that takes the listener away.",
    user: "Who the visitor is",
    userText: "Agents see name and attributes, marked as unverified. With identityToken or identityHmac from your server they are verified, and the same visitor on every device.",
    locale: "Change the language",
    localeText: "Between English and Chinese, while the page stays.",
    cart: "What is in the cart",
    cartText: "Agents see it beside the conversation, and triggers may look at its value.",
    order: "An order, and events of your own",
    orderText: "Kept until there is a conversation, then told in their order.",
    page: "A page without a load",
    pageText: "Pages of single-page applications are noticed by themselves: agents see where the visitor is.",
    look: "Look",
    lookText: "CSS variables of the page reach into the widget; nothing else of its style does.",
    reset: "Log out",
    resetText: "Forgets the visitor: the next one who writes is somebody else.",
    seenOpen: "The chat is open.",
    seenOn: "The listener was called, and is gone.",
    seenUser: "The server knows the visitor as",
    seenVerified: "verified",
    seenUnverified: "unverified",
    seenLocale: "The widget speaks",
    seenKept: "Kept for the agents:",
    seenTold: "Told to the agents.",
    seenLook: "The button's color is",
    seenReset: "This browser knows no visitor.",
    seenNothing: "Nothing came of it. Is the server there?"
  };

  // src/shared/i18n/zh.ts
  var examples2 = {
    title: "SDK 示例",
    shop: "Nook & Needle",
    types: "类型定义",
    api: "API",
    intro: "window.uniqchat 的全部调用，可直接在本页运行。所见代码即所运行的代码；组件发给页面的事件显示在旁边。",
    run: "运行",
    code: "代码",
    events: "事件",
    eventsText: "本页监听到的事件，最新的在最上面。",
    open: "打开与关闭",
    openText: "打开聊天窗口，几秒后关闭。",
    on: "监听事件",
    onText: "uniqchat('on', …) 返回一个用于取消监听的函数。",
    user: "访客身份",
    userText: "客服可以看到姓名和属性，并标为未验证。由您的服务器签发 identityToken 或 identityHmac 后即为已验证，且在所有设备上是同一位访客。",
    locale: "切换语言",
    localeText: "在中文和英文之间切换，无需刷新页面。",
    cart: "购物车内容",
    cartText: "客服会在会话旁看到，触发规则也可以使用其金额。",
    order: "订单与自定义事件",
    orderText: "保留到会话建立，然后按顺序上报。",
    page: "无刷新的页面切换",
    pageText: "单页应用的页面切换会被自动识别，客服能看到访客所在页面。",
    look: "外观",
    lookText: "页面的 CSS 变量可以影响组件，其他样式不会。",
    reset: "退出登录",
    resetText: "忘记当前访客：之后留言的是另一个人。",
    seenOpen: "聊天窗口已打开。",
    seenOn: "监听函数已被调用，并已取消。",
    seenUser: "服务器所知的访客：",
    seenVerified: "已验证",
    seenUnverified: "未验证",
    seenLocale: "组件当前语言：",
    seenKept: "等待发给客服：",
    seenTold: "已发给客服。",
    seenLook: "按钮颜色：",
    seenReset: "此浏览器不再记得访客。",
    seenNothing: "没有结果。服务器是否在运行？"
  };

  // src/shared/languages.ts
  var examples3 = { en: examples, zh: examples2 };

  // src/demo/examples.ts
  var widget = () => document.getElementById("uniqchat");
  var launcher3 = () => widget()?.shadowRoot?.querySelector(".launcher");
  var isOpen = () => launcher3()?.getAttribute("aria-expanded") === "true";
  function visitor() {
    const kept2 = load("uniqchat:widget:demo");
    return kept2?.visitor?.id ? kept2.visitor : null;
  }
  function told(t, name) {
    const kept2 = JSON.parse(sessionStorage.getItem("uniqchat:tracked") ?? "[]");
    const mine = kept2.filter((e) => e.name === name || e.data["name"] === name).at(-1);
    return mine === void 0 ? t.seenTold : `${t.seenKept} ${name} ${JSON.stringify(mine.data)}`;
  }
  var list = [
    { id: "open", title: "open", text: "openText", run() {
      uniqchat("open");
      setTimeout(() => uniqchat("close"), 3500);
    }, seen: (t) => isOpen() ? t.seenOpen : "" },
    { id: "on", title: "on", text: "onText", run() {
      const off = uniqchat("on", "opened", () => {
        document.body.dataset["chat"] = "opened";
        off?.();
      });
      uniqchat("close");
      uniqchat("open");
    }, seen: (t) => document.body.dataset["chat"] === "opened" ? t.seenOn : "" },
    { id: "user", title: "user", text: "userText", run() {
      uniqchat("setUser", {
        id: "42",
        name: "Mei Lin",
        email: "mei@example.com"
      });
      uniqchat("setAttributes", { plan: "gold", orders: 7 });
      uniqchat("open");
    }, seen: (t) => visitor()?.name === "Mei Lin" ? `${t.seenUser} Mei Lin, ${visitor()?.verified ? t.seenVerified : t.seenUnverified}` : "" },
    { id: "locale", title: "locale", text: "localeText", run() {
      const chinese = document.getElementById("uniqchat").lang.startsWith("zh");
      uniqchat("setLocale", chinese ? "en" : "zh-CN");
    }, seen: (t) => `${t.seenLocale} ${widget().lang}, “${launcher3().getAttribute("aria-label")}”` },
    { id: "cart", title: "cart", text: "cartText", run() {
      uniqchat("track", "cart_updated", {
        value: 459,
        currency: "CNY",
        items: [{ id: "lamp", name: "Desk lamp", quantity: 1, price: 459 }]
      });
    }, seen: (t) => told(t, "cart_updated") },
    { id: "order", title: "order", text: "orderText", run() {
      uniqchat("track", "order_placed", {
        id: "A-1001",
        value: 459,
        currency: "CNY"
      });
      uniqchat("track", "newsletter", { topic: "lamps" });
    }, seen: (t) => `${told(t, "order_placed")}
${told(t, "newsletter")}` },
    { id: "page", title: "page", text: "pageText", run() {
      history.pushState(null, "", `?lang=${document.documentElement.lang}&product=lamp-${Date.now() % 1e3}`);
      document.title = "Desk lamp";
    }, seen: (t) => told(t, "page_view") },
    { id: "look", title: "look", text: "lookText", run() {
      document.documentElement.style.setProperty("--uniqchat-color", "#7c2d5e");
      document.documentElement.style.setProperty("--uniqchat-radius", "8px");
      uniqchat("open");
    }, seen: (t) => isOpen() ? `${t.seenLook} ${getComputedStyle(launcher3()).backgroundColor}` : "" },
    { id: "reset", title: "reset", text: "resetText", run() {
      uniqchat("close");
      uniqchat("reset");
    }, seen: (t) => visitor() === null ? t.seenReset : "" }
  ];
  function sourceOf(run) {
    const lines = run.toString().split("\n").slice(1, -1);
    const indent = Math.min(...lines.filter((l) => l.trim() !== "").map((l) => l.search(/\S/)));
    return lines.map((l) => l.slice(indent)).join("\n");
  }
  var heard = h("ol", { "aria-live": "polite", "data-testid": "heard" });
  function note(name, detail) {
    heard.prepend(h("li", {}, h("b", {}, name), detail === null ? "" : ` ${JSON.stringify(detail)}`));
    while (heard.children.length > 50) heard.lastElementChild.remove();
  }
  function example(e, t) {
    const run = h("button", { type: "button", class: "button", "data-testid": `run-${e.id}`, "aria-label": `${t.run}: ${t[e.title]}` }, t.run);
    const seen = h("output", { class: "seen", "data-testid": `seen-${e.id}` });
    run.addEventListener("click", () => {
      seen.textContent = "";
      e.run();
      look(20);
    });
    const look = (times) => setTimeout(() => {
      seen.textContent = e.seen(t);
      if (seen.textContent === "" && times > 0) look(times - 1);
      else seen.textContent ||= t.seenNothing;
    }, 250);
    return h("article", { class: "example" }, h("h2", {}, t[e.title]), h("p", {}, t[e.text]), h("pre", { tabindex: 0, role: "region", "aria-label": `${t.code}: ${t[e.title]}` }, h("code", {}, sourceOf(e.run))), run, seen);
  }
  function draw(language) {
    const t = examples3[language];
    document.documentElement.lang = language === "zh" ? "zh-CN" : language;
    document.title = `${t.title} · uniqchat`;
    document.getElementById("shop").replaceChildren(
      h("header", { class: "top" }, h("a", { class: "brand", href: "/demo/" }, t.shop), h("nav", {}, h("a", { href: "/widget.d.ts" }, t.types), h("a", { href: "/api/docs" }, t.api))),
      h(
        "main",
        {},
        h("div", { class: "intro" }, h("h1", {}, t.title), h("p", {}, t.intro)),
        h(
          "div",
          { class: "examples" },
          h("div", {}, ...list.map((e) => example(e, t))),
          h("section", { class: "heard", "aria-label": t.events }, h("h2", {}, t.events), h("p", {}, t.eventsText), heard)
        )
      )
    );
  }
  var wanted = new URLSearchParams(location.search).get("lang");
  var kept = load("uniqchat:demo:language");
  draw(pickLanguage([wanted, typeof kept === "string" ? kept : null, ...navigator.languages], Object.keys(examples3)));
  var page = window;
  page.uniqchat ??= Object.assign((...call) => {
    page.uniqchat.q.push(call);
  }, { q: [] });
  var events = ["ready", "opened", "closed", "message", "unread", "queue"];
  for (const event of events) uniqchat("on", event, (detail) => note(event, detail));
  uniqchat("boot", { locale: document.documentElement.lang });
})();
