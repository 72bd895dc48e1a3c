// The blocklist: who may not write.

import { Badge, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { Block } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { tellDone } from "../ui/problem.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { fromLocal, toLocal } from "./parts/dates.ts";
import { FormBody, useForm } from "./parts/form.tsx";
import { useWhole } from "./parts/lists.ts";

type Kept = Block & { id: string; version: number };
const kinds = ["address", "visitor", "fingerprint"] as const;

export function Blocklist({ id }: { id: string }) {
  const t = useTexts().settings;
  const list = useWhole(usePages("/blocklist", { query: { limit: 200 } }));
  const over = (b: Kept) => b.expires_at !== undefined && Date.parse(b.expires_at) < Date.now();
  return (
    <Collection<Kept> place="blocklist" id={id} list={list} write="leads" add={t.blocklist.add} empty={t.blocklist.empty} emptyText={t.blocklist.emptyText}
      line={(b) => ({ id: b.id, title: b.value, text: b.reason, faint: over(b), words: `${b.value} ${b.reason ?? ""}`, aside: <>
        {b.expires_at !== undefined && <span>{over(b) ? t.blocklist.over : say(t.blocklist.until, { time: moment(Date.parse(b.expires_at)) })}</span>}
        <Badge color="gray">{t.blocklist.kinds[b.kind]}</Badge>
      </> })}
      editor={(b, close) => ({ title: b === undefined ? t.blocklist.add : b.value, body: <Editor block={b} close={close} /> })} />
  );
}

function Editor({ block, close }: { block: Kept | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.settings.blocklist;
  const f = useForm({ kind: block?.kind ?? "address" as Block["kind"], value: block?.value ?? "", reason: block?.reason ?? "", expires_at: toLocal(block?.expires_at) }, {
    check: (v) => ({ value: v.value.trim() === "" ? t.shell.required : undefined }),
    codes: { name_taken: "value" },
    of: block,
    save: (v, { seen }) => {
      const body = { kind: v.kind, value: v.value.trim(), reason: v.reason };
      const end = fromLocal(v.expires_at);
      return block === undefined ? call("POST /blocklist", { body: end === null ? body : { ...body, expires_at: end } })
        : call("PATCH /blocklist/{id}", { path: { id: block.id }, body: { ...body, expires_at: end as string, ...seen } });
    },
    stale: ["/blocklist", "/visitors"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <FormBody form={f} cancel={close} aside={block !== undefined && <Confirm action={s.lift} title={s.liftTitle} text={s.liftText} run={() => call("DELETE /blocklist/{id}", { path: { id: block.id } })} done={() => { refresh("/blocklist", "/visitors"); close(); }} />}>
      <SegmentedControl aria-label={s.kind} data={kinds.map((k) => ({ value: k, label: s.kinds[k] }))} value={f.values.kind} onChange={(kind) => f.set({ kind: kind as Block["kind"] })} />
      <TextInput label={s.kinds[f.values.kind]} description={s.hints[f.values.kind]} required maxLength={128} data-autofocus {...f.text("value")} />
      <Textarea label={s.reason} description={s.reasonText} autosize minRows={2} maxLength={500} {...f.text("reason")} />
      <TextInput type="datetime-local" label={s.expires} description={s.expiresText} {...f.text("expires_at")} />
    </FormBody>
  );
}
