// What a message says in a person's language.

import type { Body, Message } from "../packets.ts";
import { format } from "./index.ts";

interface MessageTexts { readonly agent: string; readonly other: string; readonly unsupported: string }

/** A system message as a sentence. Names in it come from people: use the result as text only. */
export function systemText(m: Pick<Message, "body">, texts: MessageTexts): string {
  const event = typeof m.body.event === "string" ? m.body.event : "";
  const known = event.includes(".") && Object.hasOwn(texts, event); // other keys of the texts are no events
  const text = known ? (texts as unknown as Record<string, string>)[event]! : texts.other;
  const name = typeof m.body.assignee_name === "string" && m.body.assignee_name !== "" ? m.body.assignee_name : texts.agent;
  return format(text, { name });
}

/** The text of any other message, or what stands for it: a file's name, a card's title. */
export function messageText(body: Body, texts: MessageTexts): string {
  for (const part of [body.text, body.name, body.title]) if (typeof part === "string" && part !== "") return part;
  return texts.unsupported;
}
