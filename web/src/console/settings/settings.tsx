// Settings: a list of pages at the side, one of them beside it. Who may not see a page does not find it in the list, and is told why at its address.

import { useEffect, type ComponentType } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { say, useTexts } from "../i18n/index.ts";
import { useMe } from "../live/live.ts";
import { useCommands } from "../shell/commands.ts";
import { Boundary } from "../ui/boundary.tsx";
import { Empty } from "../ui/empty.tsx";
import { IconLock } from "../ui/icons.ts";
import { Page } from "../ui/page.tsx";
import { may } from "./access.ts";
import { Agents } from "./agents.tsx";
import { Audit } from "./audit.tsx";
import { Blocklist } from "./blocklist.tsx";
import { BotPage } from "./bot.tsx";
import { Canned } from "./canned.tsx";
import { Engines } from "./engines.tsx";
import { Exports } from "./exports.tsx";
import { Hours } from "./hours.tsx";
import { Intents } from "./intents.tsx";
import { Knowledge } from "./knowledge.tsx";
import { Labels } from "./labels.tsx";
import { Mails } from "./mail.tsx";
import { Guard } from "./parts/guard.tsx";
import { roleNames } from "./parts/collection.tsx";
import { groups, places, type Place, type PlaceName } from "./places.ts";
import { Profile } from "./profile.tsx";
import { Promises } from "./promises.tsx";
import { RetentionPage } from "./retention.tsx";
import { RoutingPage } from "./routing.tsx";
import css from "./settings.module.css";
import { Sites } from "./sites.tsx";
import { Teams } from "./teams.tsx";
import { Tokens } from "./tokens.tsx";
import { Traces } from "./traces.tsx";
import { Triggers } from "./triggers.tsx";
import { Webhooks } from "./webhooks.tsx";
import { WidgetPage } from "./widget.tsx";

const shown: Record<PlaceName, ComponentType<{ id: string; sub: string }>> = {
  profile: Profile, agents: Agents, teams: Teams, routing: RoutingPage, hours: Hours, promises: Promises, canned: Canned, labels: Labels, knowledge: Knowledge, bot: BotPage, intents: Intents, engines: Engines, traces: Traces, blocklist: Blocklist,
  sites: Sites, widget: WidgetPage, triggers: Triggers, webhooks: Webhooks, tokens: Tokens, mail: Mails, exports: Exports, retention: RetentionPage, audit: Audit,
};

/** Pages that have pages below them. */
const deep: ReadonlySet<PlaceName> = new Set(["knowledge"]);

export default function Settings() {
  const t = useTexts();
  const me = useMe();
  const [at, go] = useLocation();
  const current = at.split("/")[1] ?? "";
  const mine = places.filter((p) => may(me.role, p.read));
  useCommands(mine.map((p) => ({ id: `settings-${p.name}`, group: "general" as const, name: `${t.settings.title}: ${t.settings.pages[p.name]}`, run: () => go(`/${p.name}`) })));
  const name = places.find((p) => p.name === current)?.name;
  useEffect(() => {
    document.title = [...(name === undefined ? [] : [t.settings.pages[name]]), t.settings.title, t.shell.title].join(" · ");
  }, [name, t]);
  return (
    <div className={css.settings} data-open={current !== ""}>
      <nav className={css.nav} aria-label={t.settings.title}>
        <Link href="/" className={css.navTitle}>{t.settings.title}</Link>
        {groups.filter((g) => mine.some((p) => p.group === g)).map((g) => (
          <section key={g}>
            <h2>{t.settings.groups[g]}</h2>
            {mine.filter((p) => p.group === g).map((p) => <Link key={p.name} href={`/${p.name}`} aria-current={p.name === current ? "page" : undefined} data-testid={`settings-${p.name}`}><p.icon size={17} stroke={1.7} /><span>{t.settings.pages[p.name]}</span></Link>)}
          </section>
        ))}
      </nav>
      <div className={css.content}>
        <Boundary name={current}>
          <Switch>
            {places.map((p) => {
              const Shown = shown[p.name];
              return <Route key={p.name} path={`/${p.name}/:id?${deep.has(p.name) ? "/:sub?" : ""}`}>{(params: { id?: string; sub?: string }) => (may(me.role, p.read) ? <Shown id={params.id ?? ""} sub={params.sub ?? ""} /> : <Denied place={p} />)}</Route>;
            })}
            <Route path="/"><Overview mine={mine} /></Route>
            <Route><Empty title={t.shell.notFound} text={t.shell.notFoundText}><Link href="/">{t.settings.title}</Link></Empty></Route>
          </Switch>
        </Boundary>
      </div>
      <Guard />
    </div>
  );
}

/** Everything that there is to set up, with what it is for. */
function Overview({ mine }: { mine: readonly Place[] }) {
  const t = useTexts();
  return (
    <Page title={t.settings.title} text={t.settings.intro}>
      {groups.filter((g) => mine.some((p) => p.group === g)).map((g) => (
        <section key={g} className={css.overview}>
          <h2>{t.settings.groups[g]}</h2>
          <div>{mine.filter((p) => p.group === g).map((p) => <Link key={p.name} href={`/${p.name}`} className={css.tile}><p.icon size={20} stroke={1.6} /><span><b>{t.settings.pages[p.name]}</b><span>{t.settings.about[p.name]}</span></span></Link>)}</div>
        </section>
      ))}
    </Page>
  );
}

function Denied({ place }: { place: Place }) {
  const t = useTexts();
  const me = useMe();
  const [, go] = useLocation();
  return (
    <Page title={t.settings.pages[place.name]} back={() => go("/")}>
      <div data-testid="denied"><Empty title={t.shell.forbidden} text={say(t.settings.denied.page, { role: t.shell.roles[me.role], roles: roleNames(place.read, t.shell.roles) })} icon={<IconLock size={22} />} /></div>
    </Page>
  );
}
