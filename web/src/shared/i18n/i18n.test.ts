import assert from "node:assert/strict";
import { test } from "node:test";
import * as en from "./en.ts";
import { format, pickLanguage, shortTime } from "./index.ts";
import { messageText, systemText } from "./system.ts";
import * as zh from "./zh.ts";

test("every text has its places filled in both languages", () => {
  for (const part of ["launcher", "widget", "forms", "demo", "examples"] as const) {
    const english = en[part] as Record<string, string>;
    const chinese = zh[part] as Record<string, string>;
    assert.deepEqual(Object.keys(chinese).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      assert.notEqual(text, "", key);
      assert.deepEqual(chinese[key]!.match(/\{\w+\}/g), text.match(/\{\w+\}/g), `${part}.${key}`);
    }
  }
});

test("pickLanguage takes the first wish that is offered", () => {
  assert.equal(pickLanguage([null, "fr-FR", "zh_TW", "en"], ["en", "zh"]), "zh");
  assert.equal(pickLanguage(["fr"], ["en", "zh"]), "en");
});

test("what comes from outside can't break a text", () => {
  assert.equal(format("{name} and {other}", { name: "{other}" }), "{other} and {other}");
  assert.equal(systemText({ body: { event: "agent" } }, en.widget), en.widget.other);
  assert.equal(systemText({ body: { event: "conversation.assigned", assignee_name: 7 } }, en.widget), "Support joined the conversation");
  assert.equal(messageText({ text: 5, name: "a.pdf" }, en.widget), "a.pdf");
  assert.equal(messageText({}, zh.widget), zh.widget.unsupported);
  assert.notEqual(shortTime(0, "not a locale!"), "");
});
