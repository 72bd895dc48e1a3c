import { expect, test } from "vitest";
import { settings as en } from "../i18n/en/settings.ts";
import { settings as zh } from "../i18n/zh/settings.ts";
import { named } from "./audit.tsx";

test("an act is told in words, and one without words by its name", () => {
  expect(named("golden_question.created", en.audit)).toBe("Golden questions: created");
  expect(named("site_key.deleted", zh.audit)).toBe("站点密钥: 删除");
  expect(named("label.danced", en.audit)).toBe("label.danced");
  expect(named("dance.created", en.audit)).toBe("dance.created");
  expect(named("nothing", en.audit)).toBe("nothing");
});
