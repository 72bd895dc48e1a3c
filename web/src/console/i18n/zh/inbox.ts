import type { Texts } from "../index.ts";

export const inbox: Texts["inbox"] = { title: "会话", visitor: "访客 {id}" };
