// Cards that agents send: a product or an order, written by hand or taken from what the visitor did.

import { cleanText, type Body } from "../../shared/packets.ts";
import { safeImage, safeLink, uploadOf } from "../../widget/text.ts";
import type { Texts } from "../i18n/index.ts";

/** A card as it is written: every field a text, "" if it is not there. */
export interface CardDraft { title: string; text: string; price: string; currency: string; url: string; image: string }
export type CardField = keyof CardDraft;

export const noCard: CardDraft = { title: "", text: "", price: "", currency: "", url: "", image: "" };

/** What is wrong, by field: what the server refuses, and what the widget would not show. */
export function cardErrors(d: CardDraft, t: Texts): Partial<Record<CardField, string>> {
  const out: Partial<Record<CardField, string>> = {};
  const { title, currency, url, image } = trimmed(d);
  if (title === "") out.title = t.shell.required;
  if (currency !== "" && !/^[a-z]{3}$/i.test(currency)) out.currency = t.card.badCurrency;
  if (url !== "" && safeLink(url) === "") out.url = t.card.badLink;
  if (image !== "" && uploadOf(image) === "" && safeImage(image) === "") out.image = t.card.badImage;
  return out;
}

/** The body of the message. */
export function cardBody(d: CardDraft): Body {
  const all = trimmed(d);
  const body = { ...all, currency: all.price === "" ? "" : all.currency.toUpperCase() };
  return Object.fromEntries(Object.entries(body).filter(([, v]) => v !== ""));
}

function trimmed(d: CardDraft): CardDraft {
  return Object.fromEntries(Object.entries(d).map(([k, v]) => [k, cleanText(v).trim()])) as unknown as CardDraft;
}
