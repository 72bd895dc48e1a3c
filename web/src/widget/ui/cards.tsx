// Cards with actions. What an action sends is told by protocol.md.

import { useState } from "preact/hooks";
import type { Body } from "../../shared/packets.ts";
import { safeImage, safeLink, str, uploadOf } from "../text.ts";
import { actionsOf } from "./bodies.ts";
import { useDesk } from "./context.ts";
import { Picture } from "./media.tsx";
import { Rich } from "./rich.tsx";
import { useWords } from "./words.ts";

function price(body: Body, locale: string): string {
  const raw = body["price"];
  const n = typeof raw === "number" ? raw : typeof raw === "string" && raw.trim() !== "" ? Number(raw) : NaN;
  if (Number.isNaN(n)) return str(raw);
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency: str(body["currency"]) || "XXX", currencyDisplay: "narrowSymbol" }).format(n).replace("¤", "");
  } catch {
    return `${n} ${str(body["currency"])}`.trim();
  }
}

export function Card({ body, live, open }: { body: Body; live: boolean; open(body: Body): void }) {
  const { room, locale } = useDesk();
  const w = useWords();
  const [used, setUsed] = useState("");
  const image = uploadOf(body["image"]) !== "" || safeImage(body["image"]) !== "";
  const href = safeLink(body["url"]);
  const title = str(body["title"]);
  const cost = price(body, locale);
  return (
    <div class="card" data-testid="card">
      {image && <Picture body={{ url: body["image"], name: title, width: 240, height: 150 }} open={open} />}
      <div class="card-text">
        {title && <b>{href === "" ? title : <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">{title}</a>}</b>}
        {cost && <span class="price">{cost}</span>}
        {str(body["text"]) !== "" && <p><Rich text={str(body["text"])} /></p>}
      </div>
      {actionsOf(body).map((a) => (a.type === "link"
        ? <a class="card-action" href={a.href} target="_blank" rel="noopener noreferrer nofollow ugc">{a.label}<span class="hidden"> {w.newTab}</span></a>
        : <button type="button" class="card-action" disabled={!live || used !== ""} data-testid="card-action" onClick={() => { setUsed(a.value); room.sendText(a.label, { postback: a.value }); }}>{a.label}</button>))}
    </div>
  );
}
