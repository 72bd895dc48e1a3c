// The words of the forms, by language (shared/i18n).

import { forms as en, type Translation } from "../../shared/i18n/en.ts";
import { pickLanguage } from "../../shared/i18n/index.ts";
import { forms as zh } from "../../shared/i18n/zh.ts";
import { useDesk } from "./context.ts";

const all: Readonly<Record<string, Translation<typeof en>>> = { en, zh };

export function useWords(): Translation<typeof en> {
  return all[pickLanguage([useDesk().locale], Object.keys(all))]!;
}
