// Routing: who gets the next conversation.

import { NumberInput, Radio, Stack, Switch } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { call } from "../api/client.ts";
import { refresh, useGet } from "../api/query.ts";
import type { Routing } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Page, Panel } from "../ui/page.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { useMay } from "./access.ts";
import { Skeletons } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, ReadOnly, useForm } from "./parts/form.tsx";
import { useAgents } from "./parts/lists.ts";
import css from "./settings.module.css";

const strategies = ["least_loaded", "round_robin", "manual"] as const;

export function RoutingPage() {
  const t = useTexts();
  const [, go] = useLocation();
  const q = useGet("/routing", {});
  return (
    <Page title={t.settings.pages.routing} text={t.settings.about.routing} back={() => go("/")}>
      <div className={css.narrow}>
        {q.isPending ? <Skeletons /> : q.isError ? <Failed error={q.error} again={q.refetch} /> : <Editor routing={q.data} />}
        <Capacity />
      </div>
    </Page>
  );
}

function Editor({ routing }: { routing: Routing }) {
  const t = useTexts();
  const s = t.settings.routing;
  const write = useMay("managers");
  const f = useForm({ strategy: routing.strategy, sticky: routing.sticky, minutes: routing.reoffer_seconds / 60 }, {
    check: (v) => ({ minutes: typeof v.minutes === "number" && v.minutes >= 0 && v.minutes <= 1440 ? undefined : s.badMinutes }),
    of: routing,
    save: (v, { seen }) => call("PATCH /routing", { body: { strategy: v.strategy, sticky: v.sticky, reoffer_seconds: Math.round(v.minutes * 60), ...seen } }),
    stale: ["/routing"],
    done: () => {
      tellDone(t.shell.saved);
    },
  });
  return (
    <Panel>
      <ReadOnly when={!write}>
        <FormBody form={f} aside={routing.version > 0 && <Confirm testid="reset" color="gray" action={s.reset} title={s.reset} text={s.resetText} run={() => call("DELETE /routing", {})} done={() => { f.reset(); refresh("/routing"); }} />}>
          <Radio.Group label={s.strategy} description={s.strategyText} {...f.value("strategy")}>
            <Stack gap="sm" mt="sm">{strategies.map((x) => <Radio key={x} value={x} label={s.strategies[x]} description={s.strategiesText[x]} disabled={!write} data-testid={`strategy-${x}`} />)}</Stack>
          </Radio.Group>
          <Switch label={s.sticky} description={s.stickyText} disabled={f.values.strategy === "manual"} {...f.check("sticky")} />
          <NumberInput label={s.reoffer} description={s.reofferText} suffix={` ${s.minutes}`} min={0} max={1440} decimalScale={2} disabled={f.values.strategy === "manual"} {...f.value("minutes")} />
        </FormBody>
      </ReadOnly>
    </Panel>
  );
}

/** How much each agent takes; it is changed with the agent. */
function Capacity() {
  const t = useTexts().settings.routing;
  const agents = useAgents();
  const active = agents.items.filter((a) => !a.disabled && a.role !== "viewer");
  return (
    <Panel title={t.capacity} text={say(t.capacityText, { n: active.reduce((n, a) => n + a.capacity, 0) })}>
      <ul className={css.rows}>
        {active.map((a) => <li key={a.id}><Link href={`/agents/${a.id}`} className={css.row}><Avatar id={a.id} name={a.name} size={26} status={a.status} /><span className={css.rowText}><b>{a.name}</b></span><span className={css.rowAside}>{say(t.at, { n: a.capacity })}</span></Link></li>)}
      </ul>
    </Panel>
  );
}
