// The words of the forms, by language (shared/i18n).

import type { forms as en, Translation } from "../../shared/i18n/en.ts";
import { pickLanguage } from "../../shared/i18n/index.ts";
import { forms as all } from "../../shared/languages.ts";
import { useDesk } from "./context.ts";

export function useWords(): Translation<typeof en> {
  return all[pickLanguage([useDesk().locale], Object.keys(all))]!;
}
