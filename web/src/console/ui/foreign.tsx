// A picture from elsewhere. The console's policy loads none: whoever names one would learn who looks at it, and when. Where it is wanted
// all the same, a frame with a page for nothing else loads it (src/picture).

import { useEffect, useRef } from "react";
import css from "./ui.module.css";

/** src: https. Says once how it ended. */
export function Foreign({ src, label, ended }: { src: string; label: string; ended: (shown: boolean) => void }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const told = useRef(ended);
  told.current = ended;
  useEffect(() => {
    const hear = (e: MessageEvent) => {
      const picture = (e.data as { picture?: unknown } | null)?.picture;
      if (e.source === frame.current?.contentWindow && e.origin === location.origin && (picture === "shown" || picture === "failed")) told.current(picture === "shown");
    };
    window.addEventListener("message", hear);
    return () => window.removeEventListener("message", hear);
  }, []);
  return <iframe key={src} ref={frame} className={css.foreign} src={`/picture/#${encodeURIComponent(src)}`} title={label} tabIndex={-1} data-testid="foreign" />;
}
