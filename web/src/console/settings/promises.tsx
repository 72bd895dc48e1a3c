// Promises (SLA): how soon somebody answers, and how soon it is settled.

import { NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { SLA } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { duration } from "../i18n/time.ts";
import { tellDone } from "../ui/problem.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { choices, useTeams, useWhole } from "./parts/lists.ts";
import css from "./settings.module.css";

type Kept = SLA & { id: string; version: number };

export function Promises({ id }: { id: string }) {
  const t = useTexts().settings;
  const s = t.promises;
  const list = useWhole(usePages("/sla", { query: { limit: 200 } }));
  const teams = useTeams();
  const targets = (x: Kept) => [
    ...((x.first_response_seconds ?? 0) > 0 ? [say(s.answerIn, { time: duration((x.first_response_seconds ?? 0) * 1000) })] : []),
    ...((x.resolution_seconds ?? 0) > 0 ? [say(s.settleIn, { time: duration((x.resolution_seconds ?? 0) * 1000) })] : []),
  ].join(" · ");
  return (
    <Collection<Kept> place="promises" id={id} list={list} write="managers" add={s.add} empty={s.empty} emptyText={s.emptyText}
      line={(x) => ({ id: x.id, title: x.name, text: targets(x), words: x.name, aside: (x.team_id ?? "") === "" ? s.others : teams.items.find((y) => y.id === x.team_id)?.name })}
      editor={(x, close) => ({ title: x === undefined ? s.add : x.name, body: <Editor sla={x} close={close} /> })} />
  );
}

function Editor({ sla, close }: { sla: Kept | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.settings.promises;
  const teams = useTeams();
  const start = { name: sla?.name ?? "", team_id: sla?.team_id ?? "", first: (sla?.first_response_seconds ?? 0) / 60, resolution: (sla?.resolution_seconds ?? 0) / 3600, any_time: sla?.any_time ?? false };
  const f = useForm(start, {
    check: (v) => ({
      name: v.name.trim() === "" ? t.shell.required : undefined,
      first: !(Number(v.first) >= 0 && Number(v.first) <= 525_600) ? s.badTime : Number(v.first) === 0 && Number(v.resolution) === 0 ? s.nothing : undefined,
      resolution: Number(v.resolution) >= 0 && Number(v.resolution) <= 8760 ? undefined : s.badTime,
    }),
    codes: { name_taken: "team_id" },
    of: sla,
    save: (v, { seen }) => {
      const body = { name: v.name, team_id: v.team_id, first_response_seconds: Math.round(Number(v.first) * 60), resolution_seconds: Math.round(Number(v.resolution) * 3600), any_time: v.any_time };
      return sla === undefined ? call("POST /sla", { body }) : call("PATCH /sla/{id}", { path: { id: sla.id }, body: { ...body, ...seen } });
    },
    stale: ["/sla"],
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <FormBody form={f} cancel={close} aside={sla !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /sla/{id}", { path: { id: sla.id } })} done={() => { refresh("/sla"); close(); }} />}>
      <TextInput label={t.shell.name} required maxLength={100} data-autofocus {...f.text("name")} />
      <Select label={s.team} description={s.teamText} data={choices(teams.items, s.others)} {...f.value("team_id")} />
      <div className={css.pair}>
        <NumberInput label={s.first} description={s.zero} min={0} suffix={` ${s.minutes}`} decimalScale={2} {...f.value("first")} />
        <NumberInput label={s.resolution} description={s.zero} min={0} suffix={` ${s.hours}`} decimalScale={4} {...f.value("resolution")} />
      </div>
      <Switch label={s.anyTime} description={s.anyTimeText} {...f.check("any_time")} />
    </FormBody>
  );
}
