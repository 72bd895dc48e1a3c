import assert from "node:assert/strict";
import { test } from "node:test";
import { isLight, readSettings } from "./settings.ts";
import { settingsOf, spoken } from "./site.ts";

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
