// The large view of an image.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Body } from "../../shared/packets.ts";
import { str } from "../text.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { useFile } from "./media.tsx";
import { useWords } from "./words.ts";

export function Lightbox({ body, close }: { body: Body; close(): void }) {
  const { t } = useDesk();
  const w = useWords();
  const { held, renew } = useFile(body["url"], true);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => { // at once: the next Escape is meant for it
    const before = (button.current!.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
    button.current!.focus();
    return () => before?.focus();
  }, []);
  const keys = (e: KeyboardEvent) => {
    if (e.key === "Escape") close();
    if (e.key === "Tab" && held === null) e.preventDefault();
    e.stopPropagation();
  };
  const name = str(body["name"]);
  return (
    <div class="lightbox" role="dialog" aria-modal="true" aria-label={name || t.image} data-testid="lightbox" onKeyDown={keys} onClick={(e) => { if (e.target === e.currentTarget) close(); }}>
      <div class="lightbox-bar">
        <span class="lightbox-name">{name}</span>
        {held !== null && held.url !== "" && <a class="round" href={held.url} target="_blank" rel="noopener noreferrer" aria-label={`${t.download} ${w.newTab}`}><Icon name="download" /></a>}
        <button ref={button} type="button" class="round" aria-label={w.closeImage} data-testid="close-image" onClick={close}><Icon name="close" /></button>
      </div>
      {held !== null && held.url !== "" && <img src={held.url} alt={name} referrerpolicy="no-referrer" onError={renew} />}
      {held?.gone === true && <p>{t.gone}</p>}
    </div>
  );
}
