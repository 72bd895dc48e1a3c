// The first-run guide: from the log-in to the first answered chat.

import { Button } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Link } from "wouter";
import { useGet, usePages } from "../api/query.ts";
import { useTexts } from "../i18n/index.ts";
import { useMe, useStatus } from "../live/live.ts";
import { useCopy } from "../ui/copy.ts";
import { IconCheck, IconCircleDashed, IconExternalLink, IconRocket } from "../ui/icons.ts";
import css from "./guide.module.css";
import { doneSteps, isNew, type Step } from "./progress.ts";

/** The state of the guide: whether it is to be shown, and what ends it. */
export function useGuide(): { shown: boolean; end: () => void; done: ReadonlySet<Step>; next: string } {
  const me = useMe();
  const [over, setOver] = useLocalStorage({ key: `uniqchat:console:guide:${me.id}`, defaultValue: false, getInitialValueInEffect: false });
  const all = usePages("/conversations", { query: { limit: 20 } }, { enabled: !over });
  // What it was when the console was opened: it does not go away under somebody's hands.
  const [began, setBegan] = useState(false);
  const fresh = all.isSuccess && isNew(all.items);
  if (fresh && !began) setBegan(true);
  const old = all.isSuccess && !fresh && !began;
  useEffect(() => { if (old) setOver(true); }, [old, setOver]); // nobody's first day: it is not asked again
  const next = all.items.find((c) => c.assignee_id === me.id) ?? all.items.find((c) => c.status === "queued");
  return { shown: !over && me.role !== "viewer" && (began || fresh), end: () => setOver(true), done: doneSteps(all.items, me.id), next: next?.id ?? "" };
}

type Props = ReturnType<typeof useGuide>;

export function Guide({ done, next, end }: Props) {
  const t = useTexts();
  const me = useMe();
  const online = useStatus() === "online";
  const finished = done.has("answer");
  return (
    <section className={css.guide} aria-label={t.guide.title} data-testid="guide" data-done={[...done].join(" ")}>
      <header><span className={css.mark}><IconRocket size={22} /></span><h2>{finished ? t.guide.finished : t.guide.title}</h2><p>{finished ? t.guide.finishedText : t.guide.text}</p></header>
      <ol>
        <Item done title={t.guide.login}>{online ? t.guide.online : t.guide.offline}</Item>
        <Item done={done.has("try")} title={t.guide.try}><Try /></Item>
        <Item done={done.has("accept")} title={t.guide.accept}>{t.guide.acceptText}{next !== "" && !done.has("accept") && <p><Button component={Link} href={`/inbox/${next}?view=all`} data-testid="guide-open">{t.guide.open}</Button></p>}</Item>
        <Item done={done.has("answer")} title={t.guide.answer}>{t.guide.answerText}{next !== "" && done.has("accept") && !finished && <p><Button component={Link} href={`/inbox/${next}`} data-testid="guide-answer">{t.guide.open}</Button></p>}</Item>
      </ol>
      {finished && (me.role === "owner" || me.role === "admin") && <p className={css.next}>{t.guide.next} <Link href="/settings">{t.shell.settings}</Link></p>}
      <Button className={finished ? undefined : css.skip} variant={finished ? "filled" : "subtle"} onClick={end} data-testid="guide-end">{finished ? t.shell.done : t.guide.skip}</Button>
    </section>
  );
}

function Item({ done, title, children }: { done: boolean; title: string; children: ReactNode }) {
  const t = useTexts();
  return (
    <li data-done={done}>
      {done ? <IconCheck size={18} aria-label={t.shell.done} /> : <IconCircleDashed size={18} aria-hidden="true" />}
      <div><b>{title}</b><div className={css.text}>{children}</div></div>
    </li>
  );
}

/** Where one can write as a visitor: the demo shop if it is this tenant's, or one's own page with the snippet in it. */
function Try() {
  const t = useTexts();
  const me = useMe();
  const manages = me.role === "owner" || me.role === "admin";
  const keys = useGet("/site-keys", { query: { limit: 20 } }, { enabled: manages }).data?.data;
  // Agents may not see the site keys: those of the demo are told by their addresses.
  const demo = keys === undefined ? me.email.endsWith("@demo.test") : keys.some((k) => k.key === "demo");
  const shop = useQuery({ queryKey: ["demo"], enabled: demo, staleTime: Infinity, queryFn: async () => (await fetch("/demo/", { method: "HEAD" })).ok }).data === true;
  const key = keys?.find((k) => k.key !== "demo")?.key ?? keys?.[0]?.key;
  const snippet = key === undefined ? "" : `<script src="${location.origin}/widget.js" data-site-key="${key}" defer></script>`;
  const { copied, copy } = useCopy(snippet);
  return (
    <>
      {t.guide.tryText}
      {demo && shop && <p><Button component="a" href="/demo/" target="_blank" rel="noopener" rightSection={<IconExternalLink size={14} />} data-testid="guide-try">{t.guide.demo}</Button></p>}
      {snippet !== "" && !(demo && shop) && (
        <div className={css.snippet}><code>{snippet}</code><Button size="compact-xs" variant="default" onClick={copy}>{copied ? t.shell.copied : t.shell.copy}</Button></div>
      )}
      {!demo && snippet === "" && <p>{manages ? <Link href="/settings">{t.guide.noKey}</Link> : t.guide.askAdmin}</p>}
    </>
  );
}
