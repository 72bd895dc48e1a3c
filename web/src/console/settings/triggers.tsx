// Triggers: what a visitor is asked by itself, when, and for how many it is held back.

import { ActionIcon, Badge, Button, Menu, NumberInput, Select, Slider, Switch, TagsInput, Textarea, TextInput, Input } from "@mantine/core";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { Trigger, TriggerConditions } from "../api/schema.ts";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { duration } from "../i18n/time.ts";
import { IconPlus, IconTrash } from "../ui/icons.ts";
import { tellDone } from "../ui/problem.tsx";
import { useMay } from "./access.ts";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { siteChoices, useSites, useWhole } from "./parts/lists.ts";
import css from "./settings.module.css";

type Kept = Trigger & { id: string; version: number };
const kinds = ["seconds_on_page", "url", "cart_value_min"] as const;
type Kind = (typeof kinds)[number];
const fresh: { [K in Kind]: NonNullable<TriggerConditions[K]> } = { seconds_on_page: 30, url: [], cart_value_min: 100 };

/** The conditions that there are: 0 and an empty list are none. */
export function present(c: TriggerConditions): Kind[] {
  return kinds.filter((k) => (k === "url" ? (c.url ?? []).length > 0 : (c[k] ?? 0) > 0));
}

/** Conditions in words. */
export function inWords(c: TriggerConditions, s: Texts["settings"]["triggers"]): string {
  return present(c).map((k) => (k === "url" ? say(s.onPages, { pages: (c.url ?? []).join(", ") }) : k === "seconds_on_page" ? say(s.afterTime, { time: duration((c.seconds_on_page ?? 0) * 1000) }) : say(s.fromValue, { n: c.cart_value_min ?? 0 }))).join(" · ");
}

export function Triggers({ id }: { id: string }) {
  const t = useTexts().settings;
  const s = t.triggers;
  const list = useWhole(usePages("/triggers", { query: { limit: 200 } }));
  return (
    <Collection<Kept> place="triggers" id={id} list={list} write="managers" add={s.add} empty={s.empty} emptyText={s.emptyText} wide
      line={(x) => ({ id: x.id, title: x.name, text: inWords(x.conditions, s), faint: x.enabled === false, words: `${x.name} ${x.message.zh ?? ""} ${x.message.en ?? ""}`,
        aside: <>{(x.hold_out_percent ?? 0) > 0 && <span>{say(s.held, { n: x.hold_out_percent ?? 0 })}</span>}<Badge color={x.enabled === false ? "gray" : "green"}>{x.enabled === false ? s.off : s.on}</Badge></> })}
      editor={(x, close) => ({ title: x === undefined ? s.add : x.name, body: <Editor trigger={x} close={close} /> })} />
  );
}

function Editor({ trigger, close }: { trigger: Kept | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.settings.triggers;
  const manages = useMay("managers");
  const sites = useSites(manages);
  const c = trigger?.conditions ?? { seconds_on_page: 30 };
  const start = {
    name: trigger?.name ?? "", enabled: trigger?.enabled ?? true, site_key: trigger?.site_key ?? "", hold_out_percent: trigger?.hold_out_percent ?? 0,
    zh: trigger?.message.zh ?? "", en: trigger?.message.en ?? "", conditions: Object.fromEntries(present(c).map((k) => [k, c[k]])) as TriggerConditions,
  };
  const f = useForm(start, {
    check: (v) => ({
      name: v.name.trim() === "" ? t.shell.required : undefined,
      conditions: present(v.conditions).length === 0 || Object.keys(v.conditions).length !== present(v.conditions).length ? s.noCondition : undefined,
      zh: v.zh.trim() === "" && v.en.trim() === "" ? s.noMessage : undefined,
    }),
    codes: { name_taken: "name" },
    of: trigger,
    save: (v, { seen }) => {
      const body = { name: v.name, enabled: v.enabled, site_key: v.site_key, hold_out_percent: v.hold_out_percent, message: { zh: v.zh, en: v.en }, conditions: v.conditions };
      return trigger === undefined ? call("POST /triggers", { body }) : call("PATCH /triggers/{id}", { path: { id: trigger.id }, body: { ...body, ...seen } });
    },
    stale: ["/triggers"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  const set = (conditions: TriggerConditions) => f.set({ conditions });
  const have = kinds.filter((k) => k in f.values.conditions);
  const message = [f.values.zh, f.values.en].filter((x) => x.trim() !== "");
  return (
    <FormBody form={f} cancel={close} aside={trigger !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /triggers/{id}", { path: { id: trigger.id } })} done={() => { refresh("/triggers"); close(); }} />}>
      <TextInput label={t.shell.name} description={s.nameText} required maxLength={100} data-autofocus {...f.text("name")} />
      <Switch label={s.enabled} {...f.check("enabled")} />
      {manages && <Select label={s.site} data={siteChoices(sites.items, s.everywhere, f.values.site_key)} {...f.value("site_key")} />}
      <div role="group" aria-label={s.conditions} className={css.fields}>
        <div><p className={css.legend}>{s.conditions}</p><p className={css.hint}>{s.conditionsText}</p></div>
        {have.map((k) => (
          <div key={k} className={css.card}>
            <div className={css.cardHead}><span>{s.kinds[k]}</span><ActionIcon aria-label={`${t.shell.remove}: ${s.kinds[k]}`} onClick={() => { const { [k]: _, ...rest } = f.values.conditions; set(rest); }}><IconTrash size={15} /></ActionIcon></div>
            <Condition kind={k} conditions={f.values.conditions} set={set} error={f.error(`conditions.${k}`)} />
          </div>
        ))}
        {f.error("conditions") !== undefined && <p className={css.bad} role="alert">{f.error("conditions")}</p>}
        {have.length < kinds.length && (
          <div>
            <Menu zIndex={400}>
              <Menu.Target><Button variant="default" leftSection={<IconPlus size={15} />} data-testid="condition-add">{s.addCondition}</Button></Menu.Target>
              <Menu.Dropdown>{kinds.filter((k) => !have.includes(k)).map((k) => <Menu.Item key={k} onClick={() => set({ ...f.values.conditions, [k]: fresh[k] })} data-testid={`condition-${k}`}>{s.kinds[k]}</Menu.Item>)}</Menu.Dropdown>
            </Menu>
          </div>
        )}
      </div>
      <Textarea label={s.zh} autosize minRows={2} maxLength={2000} {...f.text("zh")} />
      <Textarea label={s.en} description={s.languages} autosize minRows={2} maxLength={2000} {...f.text("en")} />
      {message.length > 0 && <div className={css.fields} aria-label={s.preview}>{message.map((m) => <div key={m} className={css.bubble}>{m}</div>)}</div>}
      <Input.Wrapper label={say(s.holdOut, { n: f.values.hold_out_percent })} description={s.holdOutText}>
        <Slider min={0} max={100} step={1} label={(n) => `${n} %`} marks={[{ value: 0 }, { value: 10 }, { value: 50 }, { value: 100 }]} mt="xs" thumbLabel={s.holdOutName} {...f.value("hold_out_percent")} />
      </Input.Wrapper>
    </FormBody>
  );
}

function Condition({ kind, conditions, set, error }: { kind: Kind; conditions: TriggerConditions; set: (c: TriggerConditions) => void; error: string | undefined }) {
  const s = useTexts().settings.triggers;
  if (kind === "url") {
    return <TagsInput aria-label={s.kinds.url} description={s.urlText} placeholder={s.urlExample} value={conditions.url ?? []} onChange={(url) => set({ ...conditions, url })} maxTags={50} error={error} acceptValueOnBlur data-testid="field-url" />;
  }
  return (
    <NumberInput aria-label={s.kinds[kind]} description={kind === "cart_value_min" ? s.cartText : undefined} suffix={kind === "seconds_on_page" ? ` ${s.seconds}` : ""} min={0} max={kind === "seconds_on_page" ? 86_400 : 1e12} allowDecimal={kind !== "seconds_on_page"}
      value={conditions[kind] ?? 0} onChange={(n) => set({ ...conditions, [kind]: typeof n === "number" ? n : 0 })} error={error} data-testid={`field-${kind}`} />
  );
}
