// Reports: /reports/<which>?range=…&team=…. What is shown stands in the address; "now" is the queue dashboard.

import { Fragment, useEffect, useRef } from "react";
import { Link, Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { useTexts, type Texts } from "../i18n/index.ts";
import { useMe } from "../live/live.ts";
import Queue from "../queue/queue.tsx";
import { may } from "../settings/access.ts";
import { Empty } from "../ui/empty.tsx";
import { IconActivity, IconArrowsExchange, IconCalendarTime, IconChartBar, IconClock, IconHourglass, IconLayout, IconLock, IconStar, IconUser, IconUsersGroup } from "../ui/icons.ts";
import { Page } from "../ui/page.tsx";
import { Bar } from "./bar.tsx";
import { Overview } from "./overview.tsx";
import { People } from "./people.tsx";
import { readScope, writeScope } from "./range.ts";
import css from "./reports.module.css";
import { Handoffs, Ratings, Resolution, Response, Volume } from "./series.tsx";
import { useScope } from "./scope.ts";
import { Hours } from "./hours.tsx";

export type Section = keyof Texts["reports"]["section"];

const sections: readonly { name: Section; icon: typeof IconClock; show: () => React.ReactNode }[] = [
  { name: "now", icon: IconActivity, show: () => <Queue /> },
  { name: "overview", icon: IconLayout, show: () => <Overview /> },
  { name: "volume", icon: IconChartBar, show: () => <Volume /> },
  { name: "response", icon: IconClock, show: () => <Response /> },
  { name: "resolution", icon: IconHourglass, show: () => <Resolution /> },
  { name: "ratings", icon: IconStar, show: () => <Ratings /> },
  { name: "handoffs", icon: IconArrowsExchange, show: () => <Handoffs /> },
  { name: "hours", icon: IconCalendarTime, show: () => <Hours /> },
  { name: "agents", icon: IconUser, show: () => <People kind="agents" /> },
  { name: "teams", icon: IconUsersGroup, show: () => <People kind="teams" /> },
];

/** The report's place in the address; the overview is /reports itself. */
export function sectionPath(name: Section): string {
  return name === "overview" ? "/" : `/${name}`;
}

export default function Reports() {
  const t = useTexts();
  const me = useMe();
  if (!may(me.role, "leads")) return <Page title={t.reports.title}><Empty icon={<IconLock size={22} />} title={t.reports.forbidden} text={t.reports.forbiddenText} /></Page>;
  return (
    <div className={css.frame}>
      <Sections />
      <Switch>
        {sections.map((s) => <Route key={s.name} path={sectionPath(s.name)}>{s.name === "now" ? s.show() : <Report name={s.name}>{s.show()}</Report>}</Route>)}
        <Route><Redirect to="/" replace /></Route>
      </Switch>
    </div>
  );
}

function Sections() {
  const t = useTexts();
  const [at] = useLocation();
  const scope = readScope(useSearch());
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    void box.current?.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "nearest" }); // on a phone they are in one row
  }, [at]);
  return (
    <nav ref={box} className={css.nav} aria-label={t.reports.sections}>
      <h2>{t.reports.title}</h2>
      {sections.map(({ name, icon: Icon }) => (
        <Fragment key={name}>
          <Link href={`${sectionPath(name)}${writeScope(scope)}`} aria-current={at === sectionPath(name) || (name === "overview" && at === "") ? "page" : undefined} data-testid={`report-${name}`}><Icon size={16} stroke={1.7} aria-hidden="true" />{t.reports.section[name]}</Link>
          {name === "now" && <hr />}
        </Fragment>
      ))}
    </nav>
  );
}

function Report({ name, children }: { name: Section; children: React.ReactNode }) {
  const t = useTexts();
  const scope = useScope();
  return (
    <Page title={t.reports.section[name]} text={t.reports.about[name]}>
      <Bar name={name} scope={scope} />
      {children}
    </Page>
  );
}
