import type { Texts } from "../index.ts";

export const visitors: Texts["visitors"] = { title: "访客" };
