// Images and files of messages, and the large view of an image.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Body } from "../../shared/packets.ts";
import type { Held } from "../links.ts";
import { fileSize, safeImage, safeLink, str, uploadOf } from "../text.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";

/** The address of a message's file: an upload's link, asked for when it is shown, or what the message names itself. */
export function useFile(url: unknown, want: boolean): { held: Held | null; renew(): void } {
  const { links } = useDesk();
  const id = uploadOf(url);
  const [held, setHeld] = useState<Held | null>(id === "" ? null : links.get(id));
  const tries = useRef(0);
  const ask = (renew: boolean) => void links.ask(id, renew).then(setHeld);
  useEffect(() => {
    if (id !== "" && want && held === null) ask(false);
  }, [id, want]);
  if (id === "") {
    const plain = safeImage(url);
    return { held: { url: plain, thumb: plain, until: Infinity, gone: plain === "" }, renew: () => setHeld(null) };
  }
  return { held, renew: () => { if (tries.current++ < 2) ask(true); else setHeld({ url: "", thumb: "", until: 0, gone: true }); } };
}

/** Width and height at which an image is shown, so that nothing moves when it comes. */
function fit(body: Body): { width: number; height: number } {
  const w = Number(body["width"]) || 0;
  const h = Number(body["height"]) || 0;
  if (w <= 0 || h <= 0) return { width: 220, height: 165 };
  const scale = Math.min(1, 240 / w, 280 / h);
  return { width: Math.max(64, Math.round(w * scale)), height: Math.max(48, Math.round(h * scale)) };
}

/** Whether an element has come near the visible part of the list: what was never looked at is not loaded. */
function useNear() {
  const ref = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver((seen) => { if (seen.some((s) => s.isIntersecting)) setNear(true); }, { rootMargin: "400px" });
    watch.observe(ref.current!);
    return () => watch.disconnect();
  }, []);
  return { ref, near };
}

export function Picture({ body, open }: { body: Body; open(body: Body): void }) {
  const { t, links } = useDesk();
  const { ref, near } = useNear();
  const preview = links.preview(uploadOf(body["url"]));
  const { held, renew } = useFile(body["url"], near && preview === "");
  const [lost, setLost] = useState(false); // a page's policy may forbid the preview
  const size = fit(body);
  const src = preview !== "" && !lost ? preview : near ? (held?.thumb ?? "") : "";
  const name = str(body["name"]);
  return (
    <div ref={ref} class="picture" data-testid="image">
      {held?.gone === true && (preview === "" || lost)
        ? <div class="gone"><Icon name="alert" />{t.gone}</div>
        : <button type="button" class="open-image" style={{ width: `${size.width}px`, aspectRatio: `${size.width} / ${size.height}` }} aria-label={t.openImage.replace("{name}", name)} onClick={() => open(body)}>
            {src !== "" && <img src={src} alt={name} width={size.width} height={size.height} decoding="async" referrerpolicy="no-referrer"
              onError={() => { if (src === preview) { setLost(true); renew(); } else renew(); }} />}
          </button>}
    </div>
  );
}

export function FileRow({ body }: { body: Body }) {
  const { t, links } = useDesk();
  const id = uploadOf(body["url"]);
  const [gone, setGone] = useState(false);
  const name = str(body["name"]) || t.file;
  const fetch = async () => {
    const held = id === "" ? { url: safeLink(body["url"]), gone: safeLink(body["url"]) === "" } : await links.ask(id);
    if (held.gone || held.url === "") setGone(true);
    else save(held.url);
  };
  return (
    <button type="button" class="file" onClick={() => void fetch()} data-testid="file" aria-label={`${t.download}: ${name}`}>
      <span class="file-icon"><Icon name="file" /></span>
      <span class="file-text"><b>{name}</b><small>{gone ? t.gone : fileSize(body["size"]) || t.file}</small></span>
      <Icon name="download" />
    </button>
  );
}

/** Lets the browser save an address; it opens a new tab if it is not a download. */
function save(url: string): void {
  const a = document.createElement("a");
  a.href = url;
  a.target = "_blank";
  a.rel = "noopener noreferrer";
  a.click();
}
