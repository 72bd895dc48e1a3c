// What every test of the console starts with: the English texts, nobody logged in, an empty page.

import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

beforeEach(async () => {
  localStorage.clear();
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["en"]);
  const { loadLanguage } = await import("../i18n/index.ts");
  await loadLanguage();
});
afterEach(cleanup);
