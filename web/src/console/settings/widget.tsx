// The widget: how it looks, live, and the lines to paste into the shop's pages.

import { Alert, ColorInput, SegmentedControl, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useTexts } from "../i18n/index.ts";
import { Empty } from "../ui/empty.tsx";
import { IconAlertTriangle, IconBrowser } from "../ui/icons.ts";
import { Page, Panel } from "../ui/page.tsx";
import { Failed } from "../ui/problem.tsx";
import { contrast, onColour, plain, snippet, type Look } from "./look.ts";
import { Skeletons } from "./parts/collection.tsx";
import { Copyable } from "./parts/copy.tsx";
import { useSites } from "./parts/lists.ts";
import { Preview } from "./preview.tsx";
import css from "./settings.module.css";

const brands = ["#0d7566", "#2563eb", "#7c3aed", "#db2777", "#dc2626", "#ea580c", "#16a34a", "#111827"];

export function WidgetPage({ id }: { id: string }) {
  const t = useTexts();
  const s = t.settings.widget;
  const [, go] = useLocation();
  const sites = useSites();
  const site = sites.items.find((x) => x.key === id) ?? sites.items[0];
  return (
    <Page title={t.settings.pages.widget} text={t.settings.about.widget} back={() => go("/")} actions={sites.items.length > 1 && <Select aria-label={s.site} data={sites.items.map((x) => ({ value: x.key, label: x.name || x.key }))} value={site?.key ?? null} onChange={(k) => go(`/widget/${encodeURIComponent(k ?? "")}`)} />}>
      {sites.isPending ? <Skeletons /> : sites.isError ? <Failed error={sites.error} again={sites.refetch} />
        : site === undefined ? <div className={css.panelless}><Empty title={s.noSite} text={s.noSiteText} icon={<IconBrowser size={22} />}><Link href="/sites/new">{t.settings.sites.add}</Link></Empty></div>
          : <Designer key={site.key} site={site.key} />}
    </Page>
  );
}

function Designer({ site }: { site: string }) {
  const t = useTexts().settings.widget;
  const [look, setLook] = useState<Look>(plain);
  const set = (change: Partial<Look>) => setLook((was) => ({ ...was, ...change }));
  const logo = look.logo.trim();
  const pale = look.color !== "" && contrast(look.color, onColour(look.color)) < 4.5;
  return (
    <div className={css.look}>
      <div>
        <Panel title={t.snippet} text={t.snippetText}>
          <Copyable text={snippet(location.origin, site, look)} label={t.snippet} lines testid="snippet" />
        </Panel>
        <Panel title={t.colours}>
          <div className={css.fields}>
            <div className={css.swatches} role="group" aria-label={t.colour}>
              {brands.map((c) => <button key={c} type="button" style={{ background: c }} aria-label={c} aria-pressed={look.color === c} onClick={() => set({ color: c })} />)}
            </div>
            <div className={css.pair}>
              <ColorInput label={t.colour} placeholder="#0d7566" format="hex" withEyeDropper={false} value={look.color} onChange={(color) => set({ color })} data-testid="field-color" />
              <ColorInput label={t.colourTo} placeholder="#0d7566" format="hex" withEyeDropper={false} value={look.color_to} onChange={(color_to) => set({ color_to })} data-testid="field-color_to" />
            </div>
            {pale && <Alert color="yellow" icon={<IconAlertTriangle size={17} />}>{t.pale}</Alert>}
            <div className={css.pair}>
              <Choice label={t.theme} value={look.theme} data={[["auto", t.themes.auto], ["light", t.themes.light], ["dark", t.themes.dark]]} set={(theme) => set({ theme: theme as Look["theme"] })} />
              <Choice label={t.position} value={look.position} data={[["left", t.left], ["right", t.right]]} set={(position) => set({ position: position as Look["position"] })} />
            </div>
          </div>
        </Panel>
        <Panel title={t.texts} text={t.textsText}>
          <div className={css.fields}>
            <Select label={t.locale} description={t.localeText} data={[{ value: "", label: t.localeAuto }, { value: "zh-CN", label: "中文" }, { value: "en", label: "English" }]} value={look.locale} onChange={(locale) => set({ locale: locale ?? "" })} />
            <TextInput label={t.title} maxLength={60} value={look.title} onChange={(e) => set({ title: e.currentTarget.value })} data-testid="field-title" />
            <Textarea label={t.greeting} autosize minRows={2} maxLength={500} value={look.greeting} onChange={(e) => set({ greeting: e.currentTarget.value })} data-testid="field-greeting" />
            <TagsInput label={t.starters} description={t.startersText} maxTags={4} acceptValueOnBlur splitChars={["|"]} value={look.starters} onChange={(starters) => set({ starters })} data-testid="field-starters" />
            <TextInput label={t.logo} description={t.logoText} placeholder="https://" maxLength={1000} error={logo === "" || /^https:\/\/\S+$/.test(logo) ? undefined : t.badLogo} value={look.logo} onChange={(e) => set({ logo: e.currentTarget.value })} data-testid="field-logo" />
          </div>
        </Panel>
        <Panel title={t.behaviour}>
          <div className={css.fields}>
            <Switch label={t.sound} description={t.soundText} checked={look.sound} onChange={(e) => set({ sound: e.currentTarget.checked })} />
            <Switch label={t.triggers} description={t.triggersText} checked={look.triggers} onChange={(e) => set({ triggers: e.currentTarget.checked })} />
            <Switch label={t.hideLauncher} description={t.hideLauncherText} checked={look.hide_launcher} onChange={(e) => set({ hide_launcher: e.currentTarget.checked })} />
          </div>
        </Panel>
      </div>
      <div className={css.preview}><Preview look={look} /></div>
    </div>
  );
}

function Choice({ label, value, data, set }: { label: string; value: string; data: [string, string][]; set: (v: string) => void }) {
  return <div className={css.fields}><span className={css.legend}>{label}</span><SegmentedControl aria-label={label} value={value} data={data.map(([v, l]) => ({ value: v, label: l }))} onChange={set} /></div>;
}
