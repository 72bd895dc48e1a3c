// The shell: the rail that leads to the pages, the page, and what is there on all of them.

import { Tooltip } from "@mantine/core";
import { IconHelp, IconSearch } from "../ui/icons.ts";
import { lazy, Suspense, useEffect, useState } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { useTexts } from "../i18n/index.ts";
import { useAlerts } from "../inbox/alerts.ts";
import { Inbox } from "../inbox/inbox.tsx";
import { useLive, useMe } from "../live/live.ts";
import { Boundary } from "../ui/boundary.tsx";
import { Empty } from "../ui/empty.tsx";
import { Mark } from "../ui/mark.tsx";
import { Account } from "./account.tsx";
import { useCommands } from "./commands.ts";
import { Help } from "./help.tsx";
import { LinkBar, LinkDot, LoadBar } from "./link.tsx";
import { pages, pagesOf } from "./pages.ts";
import { Palette, palette } from "./palette.tsx";
import css from "./shell.module.css";

const Visitors = lazy(() => import("../visitors/visitors.tsx"));
const Reports = lazy(() => import("../reports/reports.tsx"));
const Settings = lazy(() => import("../settings/settings.tsx"));

export function Shell() {
  const t = useTexts();
  const live = useLive();
  const me = useMe();
  const [at, go] = useLocation();
  const [help, setHelp] = useState(false);
  const section = at.split("/")[1] ?? "";
  useAlerts();
  useEffect(() => {
    live.bell.open = (conv) => go(`/inbox/${conv}`);
  }, [live, go]);
  useEffect(() => {
    const name = pages.find((p) => p.name === section)?.name;
    document.title = name === undefined ? t.shell.title : `${t.shell[name]} · ${t.shell.title}`;
  }, [section, t]);
  const mine = pagesOf(me.role);
  useCommands([
    ...mine.map((p) => ({ id: p.name, group: "general" as const, name: t.shell[p.key], keys: p.keys, run: () => go(`/${p.name}`) })),
    { id: "palette", group: "general", name: t.shell.keyPalette, keys: "mod+k", hidden: true, run: () => palette.open() },
    { id: "help", group: "general", name: t.shell.keyHelp, keys: "?", run: () => setHelp(true) },
  ]);
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">{t.shell.skip}</a>
      <nav className={css.rail} aria-label={t.shell.goTo}>
        <Link href="/inbox" className={css.mark} aria-label={t.shell.title}><Mark size={26} /></Link>
        {mine.map(({ name, icon: Icon }) => (
          <Tooltip key={name} label={t.shell[name]} position="right">
            <Link href={`/${name}`} className={css.place} aria-current={section === name ? "page" : undefined} aria-label={t.shell[name]} data-testid={`go-${name}`}><Icon size={20} stroke={1.7} /><span>{t.shell[name]}</span></Link>
          </Tooltip>
        ))}
        <span className={css.space} />
        <Tooltip label={`${t.shell.search} (Ctrl K)`} position="right"><button type="button" className={css.place} onClick={() => palette.open()} aria-label={t.shell.search}><IconSearch size={20} stroke={1.7} /></button></Tooltip>
        <Tooltip label={t.shell.shortcuts} position="right"><button type="button" className={`${css.place} ${css.wide}`} onClick={() => setHelp(true)} aria-label={t.shell.shortcuts}><IconHelp size={20} stroke={1.7} /></button></Tooltip>
        <LinkDot />
        <Account help={() => setHelp(true)} />
      </nav>
      <main className={css.main} id="main" tabIndex={-1}>
        <LinkBar />
        <LoadBar />
        <div className={css.page}>
          <Boundary name={section}>
            <Suspense fallback={<div className={css.loading} role="status" aria-label={t.shell.loading} />}>
              <Switch>
                <Route path="/inbox/:id?">{(p) => <Inbox id={p.id ?? ""} />}</Route>
                <Route path="/visitors/:id?">{(p) => <Visitors id={p.id ?? ""} />}</Route>
                <Route path="/reports" nest><Reports /></Route>
                <Route path="/settings" nest><Settings /></Route>
                <Route path="/"><Redirect to="/inbox" replace /></Route>
                <Route><Empty title={t.shell.notFound} text={t.shell.notFoundText}><Link href="/inbox">{t.shell.toInbox}</Link></Empty></Route>
              </Switch>
            </Suspense>
          </Boundary>
        </div>
      </main>
      <Palette />
      <Help opened={help} close={() => setHelp(false)} />
    </div>
  );
}
