// Site keys: which pages may use the widget, and the secrets that sign who their visitors are.

import { Alert, Badge, Button, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import { refresh } from "../api/query.ts";
import type { SiteKey } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { IconAlertTriangle, IconPalette } from "../ui/icons.ts";
import { tellDone } from "../ui/problem.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { Copyable, Once } from "./parts/copy.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { useSites } from "./parts/lists.ts";
import css from "./settings.module.css";

/** An address as an exact origin; "" if it is none. */
export function originOf(text: string): string {
  try {
    const u = new URL(/^[a-z]+:\/\//i.test(text.trim()) ? text.trim() : `https://${text.trim()}`);
    return (u.protocol === "https:" || u.protocol === "http:") && u.hostname !== "" && !u.hostname.includes("*") && u.username === "" ? u.origin : "";
  } catch {
    return "";
  }
}

export function Sites({ id }: { id: string }) {
  const t = useTexts().settings;
  const s = t.sites;
  const list = useSites();
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <>
      <Collection<SiteKey> place="sites" id={id} list={list} write="managers" add={s.add} empty={s.empty} emptyText={s.emptyText} wide
        line={(x) => ({ id: x.key, title: x.name || x.key, text: x.origins.length === 0 ? s.anywhere : x.origins.join(", "), words: `${x.name} ${x.key} ${x.origins.join(" ")}`,
          aside: x.origins.length === 0 ? <Badge color="yellow">{s.open}</Badge> : say(s.count, { n: x.origins.length }) })}
        editor={(x, close) => ({ title: x === undefined ? s.add : x.name || x.key, body: <Editor site={x} close={close} made={setSecret} /> })} />
      <Once title={s.once} text={s.onceText} secret={secret} close={() => setSecret(null)} />
    </>
  );
}

function Editor({ site, close, made }: { site: SiteKey | undefined; close: () => void; made: (secret: string) => void }) {
  const t = useTexts();
  const s = t.settings.sites;
  const [, go] = useLocation();
  const f = useForm({ name: site?.name ?? "", origins: site?.origins ?? [] }, {
    check: (v) => ({ name: v.name.trim() === "" ? t.shell.required : undefined, origins: v.origins.some((o) => originOf(o) !== o) ? s.badOrigin : undefined }),
    of: site,
    save: async (v) => {
      if (site !== undefined) return call("PATCH /site-keys/{id}", { path: { id: site.key }, body: v });
      const fresh = await call("POST /site-keys", { body: v });
      made(fresh.secret);
      return fresh;
    },
    stale: ["/site-keys"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <>
      <FormBody form={f} cancel={close} aside={site !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /site-keys/{id}", { path: { id: site.key } })} done={() => { refresh("/site-keys"); close(); }} />}>
        <TextInput label={t.shell.name} description={s.nameText} required maxLength={100} data-autofocus {...f.text("name")} />
        <TagsInput label={s.origins} description={s.originsText} placeholder="https://shop.example.com" maxTags={100} acceptValueOnBlur splitChars={[",", " "]}
          {...f.value("origins")} onChange={(all) => f.set({ origins: [...new Set(all.map((o) => originOf(o) || o))] })} />
        {f.values.origins.length === 0 && <Alert color="yellow" icon={<IconAlertTriangle size={17} />}>{s.anywhereText}</Alert>}
      </FormBody>
      {site !== undefined && (
        <>
          <section className={css.sub}>
            <h3>{s.key}</h3>
            <p>{s.keyText}</p>
            <Copyable text={site.key} label={s.key} testid="site-key" />
            <div><Button variant="default" leftSection={<IconPalette size={16} />} onClick={() => go(`/widget/${encodeURIComponent(site.key)}`)}>{s.toWidget}</Button></div>
          </section>
          <section className={css.sub}>
            <h3>{s.secrets}</h3>
            <p>{say(s.secretsText, { n: site.secrets })}</p>
            <div className={css.buttons} data-testid="secrets" data-count={site.secrets}>
              <Confirm testid="rotate" variant="default" color="brand" action={s.rotate} title={s.rotate} text={s.rotateText} run={async () => { made((await call("POST /site-keys/{id}/rotate-secret", { path: { id: site.key }, body: {} })).secret); refresh("/site-keys"); }} />
              <Confirm testid="leaked" variant="light" action={s.leaked} title={s.leaked} text={s.leakedText} run={async () => { made((await call("POST /site-keys/{id}/rotate-secret", { path: { id: site.key }, body: { end_old: true } })).secret); refresh("/site-keys"); }} />
            </div>
          </section>
        </>
      )}
    </>
  );
}
