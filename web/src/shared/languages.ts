// Made by build.mjs of the files in i18n: every language's words, by part.

import * as en from "./i18n/en.ts";
import * as zh from "./i18n/zh.ts";

type All<T> = Readonly<Record<string, en.Translation<T>>>;

export const launcher: All<typeof en.launcher> = { en: en.launcher, zh: zh.launcher };
export const forms: All<typeof en.forms> = { en: en.forms, zh: zh.forms };
export const demo: All<typeof en.demo> = { en: en.demo, zh: zh.demo };
export const examples: All<typeof en.examples> = { en: en.examples, zh: zh.examples };
