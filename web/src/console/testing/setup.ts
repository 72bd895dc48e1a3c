// What every test of the console starts with: the English texts, nobody logged in, an empty page.

import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true }); // which happy-dom lacks, and fields that grow ask

beforeEach(async () => {
  localStorage.clear();
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["en"]);
  const { loadLanguage } = await import("../i18n/index.ts");
  await loadLanguage();
});
afterEach(cleanup);
