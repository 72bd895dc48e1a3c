// Visitors: everybody who has written (/visitors), who is on the site now (/visitors/live), one of them (/visitors/<id>).

import { Link } from "wouter";
import { useTexts } from "../i18n/index.ts";
import { Page } from "../ui/page.tsx";
import { Live } from "./live.tsx";
import { People } from "./people.tsx";
import { Profile } from "./profile.tsx";
import css from "./visitors.module.css";

export default function Visitors({ id }: { id: string }) {
  const t = useTexts();
  if (id !== "" && id !== "live") return <Profile key={id} id={id} />;
  return <Page title={t.visitors.title} actions={<Tabs live={id === "live"} />}>{id === "live" ? <Live /> : <People />}</Page>;
}

function Tabs({ live }: { live: boolean }) {
  const t = useTexts();
  return (
    <nav className={css.tabs} aria-label={t.visitors.view}>
      <Link href="/visitors" aria-current={live ? undefined : "page"} data-testid="tab-everybody">{t.visitors.everybody}</Link>
      <Link href="/visitors/live" aria-current={live ? "page" : undefined} data-testid="tab-live">{t.visitors.live}</Link>
    </nav>
  );
}
