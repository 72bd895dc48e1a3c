import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "../testing/browser.ts";

const { isLight, readSettings } = await import("./settings.ts");
const { askSite, keptSite, settingsOf, spoken } = await import("./site.ts");

/** A request that ends as the test says: with a status and a text, or without an answer that the page may read. */
function answering(how: [number, string] | "error" | "timeout"): void {
  (globalThis as unknown as Record<string, unknown>)["XMLHttpRequest"] = class {
    status = 0;
    responseText = "";
    open(): void {}
    send(this: Record<string, unknown>): void {
      if (typeof how === "string") return (this[`on${how}`] as () => void)();
      [this["status"], this["responseText"]] = how;
      (this["onload"] as () => void)();
    }
  };
}

test("only the server's own word says that a page gets no widget; whatever else comes in its place says nothing", async () => {
  new Browser(() => new Response());
  const ask = (how: Parameters<typeof answering>[0]) => {
    answering(how);
    return askSite("https://chat.example", "shop");
  };
  const site = { widget: { color: "#0f766e" }, triggers: [] };
  assert.deepEqual(await ask([200, JSON.stringify(site)]), site);
  const nothing: Parameters<typeof answering>[0][] = ["error", "timeout", [502, "<html>Bad Gateway</html>"], [404, "<html>Not Found</html>"], [404, `{"error":"no such route"}`], [403, "{}"], [200, "<html>Log in</html>"], [429, `{"code":"too_many"}`]];
  for (const how of nothing) {
    assert.equal(await ask(how), null, String(how));
    assert.deepEqual(keptSite("shop"), { ...site, old: false });
  }
  for (const how of [[403, `{"code":"origin_not_allowed"}`], [404, `{"code":"site_key_unknown"}`]] as [number, string][]) {
    await ask([200, JSON.stringify(site)]);
    assert.equal(await ask(how), "no");
    assert.equal(keptSite("shop"), null, "the next page waits for the server's word");
  }
});

test("the console's settings are read by language, and the page's go before", () => {
  const widget = {
    title: { zh: "小店", en: "Mei's shop" }, color: "#7c2d5e", position: "left", starters: [{ en: "Where is my order?" }, { zh: "只有中文" }], sound: false, offline_form: "away",
    pre_chat: { text: { en: "Who are you?" }, fields: [{ name: "topic", type: "select", label: { en: "Topic", zh: "主题" }, options: [{ value: "a", label: { en: "A" } }] }] },
  };
  const zh = readSettings({ ...settingsOf(widget, "zh-CN"), position: "right" }, "https://chat.example", "zh-CN");
  assert.equal(zh.title, "小店");
  assert.equal(zh.position, "right");
  assert.equal(zh.offlineForm, "away");
  assert.equal(zh.sound, false);
  assert.equal(zh.triggers && zh.pageViews, true);
  assert.deepEqual(zh.starters, ["Where is my order?", "只有中文"]);
  assert.deepEqual(zh.preChat, [{ name: "topic", type: "select", label: "主题", options: [{ value: "a", label: "A" }] }]);
  const odd = readSettings(settingsOf({ title: "x", starters: 7, color: "red;}", logo: "javascript:1", pre_chat: [], triggers: false }, "en"), "https://chat.example", "en");
  assert.equal(odd.title + odd.color + odd.logo, "");
  assert.equal(odd.triggers, false);
  assert.deepEqual([odd.starters, odd.preChat], [[], []]);
  assert.equal(spoken({ zh: "好" }, "en"), "好");
});

test("white is written on dark colours only", () => {
  for (const [hex, want] of [["#ffffff", true], ["#ffd400", true], ["#0f766e", false], ["#000000", false], ["#7c2d5e", false]] as const) assert.equal(isLight(hex), want, hex);
});
