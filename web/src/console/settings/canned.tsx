// Canned replies: what agents write with a / and a word.

import { Badge, Select, Textarea, TextInput } from "@mantine/core";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { CannedResponse } from "../api/schema.ts";
import { placeholders } from "../conversation/canned.ts";
import { say, useTexts } from "../i18n/index.ts";
import { tellDone } from "../ui/problem.tsx";
import { longest } from "../ui/length.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { choices, useTeams, useWhole } from "./parts/lists.ts";

type Kept = CannedResponse & { id: string; version: number };

export function Canned({ id }: { id: string }) {
  const t = useTexts().settings;
  const list = useWhole(usePages("/canned-responses", { query: { limit: 200 } }));
  const teams = useTeams();
  return (
    <Collection<Kept> place="canned" id={id} list={list} write="leads" add={t.canned.add} empty={t.canned.empty} emptyText={t.canned.emptyText}
      line={(c) => ({ id: c.id, title: `/${c.shortcut}`, text: (c.title ?? "") === "" ? c.text : `${c.title} · ${c.text}`, words: `${c.shortcut} ${c.title ?? ""} ${c.text}`,
        aside: (c.team_id ?? "") === "" ? undefined : <Badge color="gray">{teams.items.find((x) => x.id === c.team_id)?.name ?? "…"}</Badge> })}
      editor={(c, close) => ({ title: c === undefined ? t.canned.add : `/${c.shortcut}`, body: <Editor canned={c} close={close} /> })} />
  );
}

function Editor({ canned, close }: { canned: Kept | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.settings.canned;
  const teams = useTeams();
  const f = useForm({ shortcut: canned?.shortcut ?? "", title: canned?.title ?? "", text: canned?.text ?? "", team_id: canned?.team_id ?? "" }, {
    check: (v) => ({ shortcut: v.shortcut.trim() === "" ? t.shell.required : /\s/.test(v.shortcut.trim()) ? s.blanks : undefined, text: v.text.trim() === "" ? t.shell.required : v.text.length > longest ? say(t.shell.tooLong, { n: v.text.length - longest }) : undefined }),
    codes: { name_taken: "shortcut" },
    of: canned,
    save: (v, { seen }) => {
      const body = { ...v, shortcut: v.shortcut.trim().replace(/^\//, "") };
      return canned === undefined ? call("POST /canned-responses", { body }) : call("PATCH /canned-responses/{id}", { path: { id: canned.id }, body: { ...body, ...seen } });
    },
    stale: ["/canned-responses"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <FormBody form={f} cancel={close} aside={canned !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /canned-responses/{id}", { path: { id: canned.id } })} done={() => { refresh("/canned-responses"); close(); }} />}>
      <TextInput label={s.shortcut} description={s.shortcutText} leftSection="/" required maxLength={50} data-autofocus {...f.text("shortcut")} />
      <TextInput label={s.title} description={s.titleText} maxLength={100} {...f.text("title")} />
      <Textarea label={s.text} description={say(s.textText, { names: placeholders.map((p) => `{{${p}}}`).join(", "), other: "{{visitor.name|…}}" })} required autosize minRows={4} maxRows={16} {...f.text("text")} />
      <Select label={s.team} data={choices(teams.items, s.everybody)} {...f.value("team_id")} />
    </FormBody>
  );
}
