// What a language of the console is.

import type { texts as english } from "./en/index.ts";

/** The same keys, any words. */
type Words<T> = { readonly [K in keyof T]: T[K] extends string ? string : Words<T[K]> };
export type Texts = Words<typeof english>;
export interface Language { locale: string; texts: Texts }
