// Asks before what was not saved is lost: links, the keyboard and the palette (history.pushState), the browser's back, closing the tab.

import { Button, Modal } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTexts } from "../../i18n/index.ts";
import css from "../settings.module.css";

interface Draft { dirty: boolean }
const drafts = new Set<Draft>();

/** Whether anything on the page is not saved. */
export function anyDirty(): boolean {
  return [...drafts].some((d) => d.dirty);
}

/** Guards a draft while it is shown. The result's dirty may be set at once, before what follows a save. */
export function useGuard(dirty: boolean): Draft {
  const me = useRef<Draft>({ dirty });
  me.current.dirty = dirty;
  useEffect(() => {
    const d = me.current;
    drafts.add(d);
    return () => {
      drafts.delete(d);
    };
  }, []);
  return me.current;
}

/** Whether an address is another page than the one that is shown: another query is not. */
export function leaves(url: string | URL | null | undefined, here: string): boolean {
  return url !== null && url !== undefined && new URL(url, here).pathname !== new URL(here).pathname;
}

/** Watches over all drafts, and asks. Once on the page. */
export function Guard() {
  const all = useTexts();
  const t = all.settings.guard;
  const [leave, setLeave] = useState<(() => void) | null>(null);
  useEffect(() => {
    const push = history.pushState;
    let here = location.href;
    const ask = (go: () => void) => setLeave(() => go);
    const guarded: History["pushState"] = function (this: History, data, unused, url) {
      const go = () => {
        push.call(history, data, unused, url);
        here = location.href;
      };
      if (anyDirty() && leaves(url, location.href)) ask(go);
      else go();
    };
    history.pushState = guarded;
    const back = (e: PopStateEvent) => {
      if (!anyDirty() || !leaves(location.href, here)) {
        here = location.href;
        return;
      }
      e.stopImmediatePropagation();
      const to = location.href;
      push.call(history, null, "", here); // the address is what is shown
      ask(() => guarded.call(history, null, "", to));
    };
    const close = (e: BeforeUnloadEvent) => {
      if (anyDirty()) e.preventDefault();
    };
    window.addEventListener("popstate", back, true);
    window.addEventListener("beforeunload", close);
    return () => {
      if (history.pushState === guarded) history.pushState = push;
      window.removeEventListener("popstate", back, true);
      window.removeEventListener("beforeunload", close);
    };
  }, []);
  const answer = (go: boolean) => {
    setLeave(null);
    if (!go) return;
    for (const d of drafts) d.dirty = false;
    leave?.();
  };
  return (
    <Modal opened={leave !== null} onClose={() => answer(false)} title={t.title} size="sm" zIndex={500} closeButtonProps={{ "aria-label": all.shell.close }}>
      <p className={css.plain}>{t.text}</p>
      <div className={css.buttons}>
        <Button variant="default" onClick={() => answer(false)} data-autofocus data-testid="stay">{t.stay}</Button>
        <Button color="red" onClick={() => answer(true)} data-testid="leave">{t.leave}</Button>
      </div>
    </Modal>
  );
}
