// The types that shops get accept every call of the documentation and refuse what can't work. The compiler is the test.

/// <reference path="../widget/widget.d.ts" />

import { test } from "node:test";

function calls(): void {
  uniqchat("boot", { siteKey: "shop", locale: "zh-CN", theme: "dark", position: "left", starters: ["Where is my parcel?"], offlineForm: "never", hideLauncher: true });
  uniqchat("boot");
  uniqchat("open");
  uniqchat("close");
  uniqchat("setUser", { id: 42, name: "Mei", email: "mei@example.com", identityToken: "…" });
  uniqchat("setAttributes", { plan: "gold" });
  uniqchat("setLocale", "zh-CN");
  uniqchat("track", "cart_updated", { value: 459, currency: "CNY" });
  uniqchat("track", "newsletter");
  uniqchat("reset");
  const off: (() => void) | undefined = uniqchat("on", "message", (m) => { m.body["text"]; m.time.getTime(); });
  window.uniqchat("on", "unread", (n) => n.toFixed());
  uniqchat("on", "queue", (q) => q?.place.toFixed());
  off?.();
  // @ts-expect-error: there is no such call
  uniqchat("explode");
  // @ts-expect-error: nor such an event
  uniqchat("on", "clicked", () => {});
  // @ts-expect-error: a locale is a text
  uniqchat("setLocale", 7);
  // @ts-expect-error: themes have names
  uniqchat("boot", { theme: "pink" });
  // @ts-expect-error: how many is a number
  uniqchat("on", "unread", (n: string) => n);
}

test("the calls of the documentation compile", () => void calls);
