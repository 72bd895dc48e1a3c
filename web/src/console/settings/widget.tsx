// The widget: how it looks, live, and the lines to paste into the shop's pages.

import { ActionIcon, Alert, Button, Checkbox, ColorInput, SegmentedControl, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { call } from "../api/client.ts";
import type { SiteKey } from "../api/schema.ts";
import { useTexts } from "../i18n/index.ts";
import { Empty } from "../ui/empty.tsx";
import { IconAlertTriangle, IconBrowser, IconPlus, IconTrash } from "../ui/icons.ts";
import { Page, Panel } from "../ui/page.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { contrast, lookOf, onColour, snippet, widgetOf, type Asked, type Both, type Look } from "./look.ts";
import { Skeletons } from "./parts/collection.tsx";
import { Copyable } from "./parts/copy.tsx";
import { FormBody, useForm, type Form } from "./parts/form.tsx";
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
          : <Designer key={site.key} site={site} />}
    </Page>
  );
}

const https = (address: string) => address.trim() === "" || /^https:\/\/\S+$/.test(address.trim());

function Designer({ site }: { site: SiteKey }) {
  const t = useTexts();
  const s = t.settings.widget;
  const empty = (b: Both) => b.zh.trim() === "" && b.en.trim() === "";
  const f = useForm(lookOf(site.widget), {
    check: (v) => ({
      color: v.color === "" || /^#[0-9a-f]{6}$/i.test(v.color) ? undefined : t.settings.labels.badColour, color_to: v.color_to === "" || /^#[0-9a-f]{6}$/i.test(v.color_to) ? undefined : t.settings.labels.badColour,
      logo: https(v.logo) ? undefined : s.badAddress, avatar: https(v.avatar) ? undefined : s.badAddress,
      ...Object.fromEntries(v.fields.map((x, i) => [`fields.${i}`, !/^[a-z][a-z0-9_]{0,39}$/.test(x.name) || v.fields.findIndex((y) => y.name === x.name) < i ? s.badField
        : x.type === "select" && x.options.length === 0 ? s.noOption : empty(x.label) && x.name !== "name" && x.name !== "email" ? s.noLabel : undefined])),
    }),
    of: site,
    save: (v) => call("PATCH /site-keys/{id}", { path: { id: site.key }, body: { widget: widgetOf(v, site.widget) } }),
    stale: ["/site-keys"],
    done: () => {
      tellDone(t.shell.saved);
    },
  });
  const look = f.values;
  const pale = /^#[0-9a-f]{6}$/i.test(look.color) && contrast(look.color, onColour(look.color)) < 4.5;
  return (
    <div className={css.look}>
      <div>
        <Panel title={s.snippet} text={s.snippetText}><Copyable text={snippet(location.origin, site.key)} label={s.snippet} lines testid="snippet" /></Panel>
        <FormBody form={f}>
          <Panel title={s.colours}>
            <div className={css.fields}>
              <div className={css.swatches} role="group" aria-label={s.colour}>
                {brands.map((c) => <button key={c} type="button" style={{ background: c }} aria-label={c} aria-pressed={look.color === c} onClick={() => f.set({ color: c })} />)}
              </div>
              <div className={css.pair}>
                <ColorInput fixOnBlur={false} label={s.colour} placeholder="#0d7566" format="hex" withEyeDropper={false} {...f.value("color")} />
                <ColorInput fixOnBlur={false} label={s.colourTo} placeholder="#0d7566" format="hex" withEyeDropper={false} {...f.value("color_to")} />
              </div>
              {pale && <Alert color="yellow" icon={<IconAlertTriangle size={17} />}>{s.pale}</Alert>}
              <div className={css.pair}>
                <Choice label={s.theme} value={look.theme} data={[["auto", s.themes.auto], ["light", s.themes.light], ["dark", s.themes.dark]]} set={(theme) => f.set({ theme: theme as Look["theme"] })} />
                <Choice label={s.position} value={look.position} data={[["left", s.left], ["right", s.right]]} set={(position) => f.set({ position: position as Look["position"] })} />
              </div>
              <div className={css.pair}>
                <TextInput label={s.logo} description={s.logoText} placeholder="https://" maxLength={1000} {...f.text("logo")} />
                <TextInput label={s.avatar} description={s.avatarText} placeholder="https://" maxLength={1000} {...f.text("avatar")} />
              </div>
            </div>
          </Panel>
          <Words form={f} />
          <Panel title={s.behaviour}>
            <div className={css.fields}>
              <Switch label={s.sound} description={s.soundText} {...f.check("sound")} />
              <Switch label={s.triggers} description={s.triggersText} {...f.check("triggers")} />
              <Switch label={s.pageViews} description={s.pageViewsText} {...f.check("page_views")} />
              <Switch label={s.hideLauncher} description={s.hideLauncherText} {...f.check("hide_launcher")} />
            </div>
          </Panel>
          <Panel title={s.preChat} text={s.preChatText}><PreChat form={f} /></Panel>
          <Panel title={s.offline} text={s.offlineText}>
            <div className={css.fields}>
              <Select label={s.offlineWhen} data={(["closed", "away", "never"] as const).map((x) => ({ value: x, label: s.offlineForms[x] }))} {...f.value("offline_form")} />
              {look.offline_form !== "never" && <Two label={s.offlineWords} most={500} value={look.offline_text} set={(offline_text) => f.set({ offline_text })} error={f.error("offline_text")} long />}
            </div>
          </Panel>
        </FormBody>
      </div>
      <div className={css.preview}><Preview look={look} /></div>
    </div>
  );
}

function Words({ form: f }: { form: Form<Look> }) {
  const t = useTexts();
  const s = t.settings.widget;
  const look = f.values;
  return (
    <Panel title={s.texts} text={s.textsText}>
      <div className={css.fields}>
        <Two label={s.title} most={60} value={look.title} set={(title) => f.set({ title })} error={f.error("title")} testid="title" />
        <Two label={s.greeting} most={500} value={look.greeting} set={(greeting) => f.set({ greeting })} error={f.error("greeting")} testid="greeting" long />
        <Two label={s.launcher} most={40} value={look.launcher} set={(launcher) => f.set({ launcher })} error={f.error("launcher")} />
        {look.starters.map((x, i) => (
          <Two key={i} label={`${s.starter} ${i + 1}`} most={200} value={x} set={(b) => f.set({ starters: look.starters.map((y, n) => (n === i ? b : y)) })} error={undefined}
            remove={() => f.set({ starters: look.starters.filter((_, n) => n !== i) })} />
        ))}
        {look.starters.length < 4 && <div><Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => f.set({ starters: [...look.starters, { zh: "", en: "" }] })} data-testid="starter-add">{s.addStarter}</Button></div>}
      </div>
    </Panel>
  );
}

/** A text in both languages. */
function Two({ label, value, set, most, error, long, testid, remove }: { label: string; value: Both; set: (b: Both) => void; most: number; error: string | undefined; long?: boolean; testid?: string; remove?: () => void }) {
  const t = useTexts();
  const Field = long === true ? Textarea : TextInput;
  const one = (lang: keyof Both, name: string) => <Field placeholder={name} aria-label={`${label}: ${name}`} maxLength={most} {...(long === true ? { autosize: true, minRows: 2 } : {})} value={value[lang]} onChange={(e: { currentTarget: { value: string } }) => set({ ...value, [lang]: e.currentTarget.value })} data-testid={testid === undefined ? undefined : `field-${testid}-${lang}`} />;
  return (
    <div role="group" aria-label={label}>
      <div className={css.cardHead}><span className={css.legend}>{label}</span>{remove !== undefined && <ActionIcon aria-label={`${t.shell.remove}: ${label}`} onClick={remove}><IconTrash size={15} /></ActionIcon>}</div>
      <div className={css.pair}>{one("zh", "中文")}{one("en", "English")}</div>
      {error !== undefined && <p className={css.bad} role="alert">{error}</p>}
    </div>
  );
}

const types = ["text", "email", "tel", "number", "textarea", "select", "checkbox"] as const;

/** What is asked before the first message. */
function PreChat({ form: f }: { form: Form<Look> }) {
  const t = useTexts();
  const s = t.settings.widget;
  const { fields } = f.values;
  const change = (i: number, x: Partial<Asked>) => f.set({ fields: fields.map((y, n) => (n === i ? { ...y, ...x } : y)) });
  const add = (name: string, type: Asked["type"]) => f.set({ fields: [...fields, { name, label: { zh: "", en: "" }, type, required: false, options: [] }] });
  return (
    <div className={css.fields}>
      {fields.length > 0 && <Two label={s.preChatWords} most={500} value={f.values.pre_text} set={(pre_text) => f.set({ pre_text })} error={f.error("pre_chat")} long />}
      {fields.map((x, i) => {
        const known = x.name === "name" || x.name === "email";
        return (
          <div key={i} className={css.card} data-testid="pre-chat-field">
            <div className={css.cardHead}><span>{x.name === "name" ? t.shell.name : x.name === "email" ? t.settings.agents.email : s.question}</span><ActionIcon aria-label={`${t.shell.remove}: ${x.name}`} onClick={() => f.set({ fields: fields.filter((_, n) => n !== i) })}><IconTrash size={15} /></ActionIcon></div>
            {!known && <div className={css.pair}>
              <TextInput label={s.attribute} description={s.attributeText} maxLength={40} value={x.name} onChange={(e) => change(i, { name: e.currentTarget.value })} />
              <Select label={s.type} description={s.typeText} data={types.map((v) => ({ value: v, label: s.types[v] }))} value={x.type} onChange={(v) => change(i, { type: (v ?? "text") as Asked["type"] })} />
            </div>}
            <Two label={s.label} most={80} value={x.label} set={(label) => change(i, { label })} error={undefined} />
            {x.type === "select" && <TagsInput label={s.options} maxTags={50} acceptValueOnBlur value={x.options} onChange={(options) => change(i, { options })} />}
            <Checkbox label={s.required} checked={x.required} onChange={(e) => change(i, { required: e.currentTarget.checked })} />
            {f.error(`fields.${i}`) !== undefined && <p className={css.bad} role="alert">{f.error(`fields.${i}`)}</p>}
          </div>
        );
      })}
      {fields.length < 10 && (
        <div className={css.buttons}>
          {!fields.some((x) => x.name === "name") && <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => add("name", "text")} data-testid="ask-name">{t.shell.name}</Button>}
          {!fields.some((x) => x.name === "email") && <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => add("email", "email")} data-testid="ask-email">{t.settings.agents.email}</Button>}
          <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => add("", "text")}>{s.question}</Button>
        </div>
      )}
    </div>
  );
}

function Choice({ label, value, data, set }: { label: string; value: string; data: [string, string][]; set: (v: string) => void }) {
  return <div className={css.fields}><span className={css.legend}>{label}</span><SegmentedControl aria-label={label} value={value} data={data.map(([v, l]) => ({ value: v, label: l }))} onChange={set} /></div>;
}
