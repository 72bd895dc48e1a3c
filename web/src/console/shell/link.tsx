// How the live connection stands: a dot while it does, a bar when it does not.

import { Button, Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import type { LinkState } from "../../shared/link.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { useLeftOut, useLinkState, useLive } from "../live/live.ts";
import css from "./shell.module.css";

function useSaid(s: LinkState, t: Texts): string {
  const [now, tick] = useState(Date.now);
  useEffect(() => {
    if (s.name !== "waiting") return undefined;
    const timer = window.setInterval(() => tick(Date.now()), 500);
    tick(Date.now());
    return () => window.clearInterval(timer);
  }, [s]);
  switch (s.name) {
    case "online": return t.shell.connected;
    case "waiting": return say(t.shell.waiting, { n: Math.max(0, Math.ceil((s.retryAt - now) / 1000)) });
    case "ended": return say(t.shell.ended, { reason: s.code === 3509 ? t.shell.replaced : s.reason });
    default: return t.shell.connecting;
  }
}

export function LinkDot() {
  const t = useTexts();
  const s = useLinkState();
  const said = useSaid(s, t);
  return <Tooltip label={said} position="right"><span className={css.link} role="status" aria-label={said} data-testid="link" data-state={s.name} /></Tooltip>;
}

/** The bar comes when a loss lasts: most are over before anybody needs to know. */
export function LinkBar() {
  const t = useTexts();
  const live = useLive();
  const s = useLinkState();
  const said = useSaid(s, t);
  const [late, setLate] = useState(false);
  const down = s.name !== "online";
  useEffect(() => {
    if (!down) return undefined;
    const timer = window.setTimeout(() => setLate(true), 2_000);
    return () => {
      window.clearTimeout(timer);
      setLate(false);
    };
  }, [down]);
  if (!down || (!late && s.name !== "ended")) return null;
  return <div className={css.bar} data-state={s.name} role="alert">{said}{s.name === "ended" && <Button variant="white" size="compact-xs" onClick={() => live.client.start()}>{t.shell.again}</Button>}</div>;
}

/** What is not shown while very many are here. */
export function LoadBar() {
  const t = useTexts();
  const out = useLeftOut();
  if (out === "normal") return null;
  return <div className={css.bar} role="status" data-testid="left-out">{t.shell.leftOut[out]}</div>;
}
