// API tokens: what other programs come in with.

import { Badge, Checkbox, Input, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { APIToken, CreateAPITokenInputBody } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { ago, date, moment, useNow } from "../i18n/time.ts";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { Once } from "./parts/copy.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { useAgents, useWhole } from "./parts/lists.ts";
import css from "./settings.module.css";

type Scope = CreateAPITokenInputBody["scopes"][number];
const lifetimes = ["30", "90", "365", "0"] as const;

export function Tokens({ id }: { id: string }) {
  const t = useTexts().settings;
  const s = t.tokens;
  const now = useNow();
  const list = useWhole(usePages("/api-tokens", { query: { limit: 200 } }));
  const [secret, setSecret] = useState<string | null>(null);
  const over = (x: APIToken) => x.expires_at !== null && Date.parse(x.expires_at) < now;
  return (
    <>
      <Collection<APIToken> place="tokens" id={id} list={list} write="managers" add={s.add} empty={s.empty} emptyText={s.emptyText}
        line={(x) => ({ id: x.id, title: x.name, text: x.scopes.map((y) => s.scopes[y as Scope] ?? y).join(" · "), faint: over(x), words: `${x.name} ${x.hint} ${x.scopes.join(" ")}`,
          aside: <><span>{x.last_used_at === null ? s.never : say(s.used, { time: ago(Date.parse(x.last_used_at), now) })}</span>{over(x) && <Badge color="red">{s.over}</Badge>}</> })}
        editor={(x, close) => ({ title: x === undefined ? s.add : x.name, body: x === undefined ? <New close={close} made={setSecret} /> : <Facts token={x} close={close} /> })} />
      <Once title={s.once} text={s.onceText} secret={secret} close={() => setSecret(null)} />
    </>
  );
}

function New({ close, made }: { close: () => void; made: (token: string) => void }) {
  const t = useTexts();
  const s = t.settings.tokens;
  const names = Object.keys(s.scopes) as Scope[];
  const f = useForm({ name: "", scopes: [] as Scope[], life: "90" as (typeof lifetimes)[number] }, {
    check: (v) => ({ name: v.name.trim() === "" ? t.shell.required : undefined, scopes: v.scopes.length === 0 ? s.noScope : undefined }),
    save: async (v) => {
      const end = new Date(Date.now() + Number(v.life) * 86_400_000).toISOString();
      const x = await call("POST /api-tokens", { body: { name: v.name, scopes: v.scopes, ...(v.life === "0" ? {} : { expires_at: end }) } });
      refresh("/api-tokens");
      made(x.token);
    },
    done: close,
  });
  return (
    <FormBody form={f} cancel={close} action={t.shell.create}>
      <TextInput label={t.shell.name} description={s.nameText} required maxLength={100} data-autofocus {...f.text("name")} />
      <Select label={s.life} data={lifetimes.map((x) => ({ value: x, label: s.lives[x] }))} {...f.value("life")} />
      <Checkbox.Group label={s.may} description={s.mayText} {...f.value("scopes")}>
        <div className={css.scopes}>{names.map((x) => <Checkbox key={x} value={x} label={s.scopes[x]} description={x} data-testid={`scope-${x}`} />)}</div>
      </Checkbox.Group>
    </FormBody>
  );
}

function Facts({ token, close }: { token: APIToken; close: () => void }) {
  const s = useTexts().settings.tokens;
  const agents = useAgents();
  return (
    <div className={css.fields}>
      <dl className={css.facts}>
        <dt>{s.hint}</dt><dd><code>{token.hint}</code></dd>
        <dt>{s.by}</dt><dd>{token.created_by === null ? s.commandLine : agents.items.find((a) => a.id === token.created_by)?.name ?? token.created_by}</dd>
        <dt>{s.made}</dt><dd>{moment(Date.parse(token.created_at))}</dd>
        <dt>{s.lastUsed}</dt><dd>{token.last_used_at === null ? s.never : moment(Date.parse(token.last_used_at))}</dd>
        <dt>{s.expires}</dt><dd>{token.expires_at === null ? s.lives[0] : date(Date.parse(token.expires_at))}</dd>
      </dl>
      <Input.Wrapper label={s.may}><div className={css.swatches}>{token.scopes.map((x) => <Badge key={x} color="gray">{s.scopes[x as Scope] ?? x}</Badge>)}</div></Input.Wrapper>
      <div className={css.buttons}><Confirm variant="light" action={s.revoke} title={s.revokeTitle} text={s.revokeText} run={() => call("DELETE /api-tokens/{id}", { path: { id: token.id } })} done={() => { refresh("/api-tokens"); close(); }} /></div>
    </div>
  );
}
