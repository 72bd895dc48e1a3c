// Teams: who answers together. Members are kept with the agents.

import { MultiSelect, TextInput } from "@mantine/core";
import { call } from "../api/client.ts";
import { refresh } from "../api/query.ts";
import type { Agent, Team } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Avatar } from "../ui/avatar.tsx";
import { tellDone } from "../ui/problem.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, useForm } from "./parts/form.tsx";
import { choices, useAgents, useTeams } from "./parts/lists.ts";
import css from "./settings.module.css";

export function Teams({ id }: { id: string }) {
  const t = useTexts().settings;
  const list = useTeams();
  const agents = useAgents();
  const members = (team: Team) => agents.items.filter((a) => a.teams.includes(team.id));
  return (
    <Collection<Team> place="teams" id={id} list={list} write="managers" add={t.teams.add} empty={t.teams.empty} emptyText={t.teams.emptyText}
      line={(x) => ({ id: x.id, title: x.name, text: say(t.teams.members, { n: members(x).length }), words: x.name, aside: <span className={css.faces}>{members(x).slice(0, 4).map((a) => <Avatar key={a.id} id={a.id} name={a.name} size={24} />)}</span> })}
      editor={(x, close) => ({ title: x === undefined ? t.teams.add : x.name, body: agents.isPending || agents.hasNextPage ? null : <Editor team={x} agents={agents.items} close={close} /> })} />
  );
}

/** The changes that make exactly these agents a team's members. Exported for tests. */
export function membership(team: string, agents: readonly Agent[], members: readonly string[]): { id: string; teams: string[] }[] {
  return agents.filter((a) => a.teams.includes(team) !== members.includes(a.id))
    .map((a) => ({ id: a.id, teams: a.teams.includes(team) ? a.teams.filter((x) => x !== team) : [...a.teams, team] }));
}

function Editor({ team, agents, close }: { team: Team | undefined; agents: Agent[]; close: () => void }) {
  const t = useTexts();
  const s = t.settings.teams;
  const f = useForm({ name: team?.name ?? "", members: team === undefined ? [] : agents.filter((a) => a.teams.includes(team.id)).map((a) => a.id) }, {
    check: (v) => ({ name: v.name.trim() === "" ? t.shell.required : undefined }),
    codes: { name_taken: "name", conflict: "name" },
    of: team,
    save: async (v, { values: was }) => {
      const kept = team === undefined ? await call("POST /teams", { body: { name: v.name } }) : v.name === was.name ? team : await call("PATCH /teams/{id}", { path: { id: team.id }, body: { name: v.name } });
      try {
        for (const m of membership(kept.id, agents, v.members)) await call("PATCH /agents/{id}", { path: { id: m.id }, body: { teams: m.teams } });
      } finally {
        refresh("/teams", "/agents");
      }
      return kept;
    },
    done: () => {
      tellDone(t.shell.saved);
      close();
    },
  });
  return (
    <FormBody form={f} cancel={close} aside={team !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /teams/{id}", { path: { id: team.id } })} done={() => { refresh("/teams", "/agents"); close(); }} />}>
      <TextInput label={t.shell.name} required maxLength={100} data-autofocus autoFocus {...f.text("name")} />
      <MultiSelect label={s.who} description={s.whoText} data={choices(agents)} searchable hidePickedOptions {...f.value("members")} />
    </FormBody>
  );
}
