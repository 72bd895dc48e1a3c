// What a webhook was sent, and what it answered.

import { Badge, Button, SegmentedControl } from "@mantine/core";
import { useEffect, useState } from "react";
import { call } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { Delivery, Webhook } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { Failed, tellDone } from "../ui/problem.tsx";
import { More, Skeletons } from "./parts/collection.tsx";
import { Problem } from "./parts/form.tsx";
import css from "./settings.module.css";

const colour = { pending: "yellow", delivered: "green", failed: "red" } as const;
type State = Delivery["state"] | "";

/** Reads again every two seconds, or as often as every says, as long as something is on its way. */
export function useWatch(on: boolean, again: () => unknown, every = 2_000): void {
  useEffect(() => {
    if (!on) return undefined;
    const timer = window.setInterval(() => void again(), every);
    return () => window.clearInterval(timer);
  });
}

export function Deliveries({ hook }: { hook: Webhook }) {
  const t = useTexts();
  const s = t.settings.webhooks;
  const [state, setState] = useState<State>("");
  const [opened, setOpened] = useState("");
  const list = usePages("/webhooks/{id}/deliveries", { path: { id: hook.id }, query: { limit: 25, ...(state === "" ? {} : { state }) } }, { keep: true, staleTime: 0 });
  useWatch(hook.state === "active" && list.items.some((d) => d.state === "pending" && d.next_attempt_at !== null && Date.parse(d.next_attempt_at) < Date.now() + 15_000), () => refresh("/webhooks"));
  return (
    <section className={css.sub}>
      <h3>{s.log}</h3>
      <p>{s.logText}</p>
      <div><SegmentedControl aria-label={s.log} value={state} onChange={(x) => setState(x as State)} data={[{ value: "", label: t.shell.all }, ...(["pending", "delivered", "failed"] as const).map((x) => ({ value: x, label: s.deliveryStates[x] }))]} /></div>
      {list.isPending ? <Skeletons /> : list.isError ? <Failed error={list.error} again={list.refetch} /> : list.items.length === 0 ? <p className={css.hint}>{s.noLog}</p> : (
        <ul className={css.rows}>
          {list.items.map((d) => {
            const last = d.attempts.at(-1);
            return (
              <li key={d.id} data-testid="delivery" data-state={d.state}>
                <button type="button" className={css.row} aria-expanded={opened === d.id} onClick={() => setOpened(opened === d.id ? "" : d.id)}>
                  <span className={css.rowText}><b>{d.type}</b><span>{moment(Date.parse(d.created_at))} · {say(s.attempt, { n: d.attempt })}{last !== undefined && ` · ${last.status === null ? last.error ?? "" : `HTTP ${last.status}`} · ${last.duration_ms} ms`}</span></span>
                  <span className={css.rowAside}><Badge color={colour[d.state]}>{s.deliveryStates[d.state]}</Badge></span>
                </button>
                {opened === d.id && <Detail delivery={d} active={hook.state === "active"} />}
              </li>
            );
          })}
        </ul>
      )}
      <More list={list} />
    </section>
  );
}

function Detail({ delivery, active }: { delivery: Delivery; active: boolean }) {
  const t = useTexts().settings.webhooks;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const replay = () => {
    setBusy(true);
    setProblem(null);
    call("POST /webhooks/deliveries/{id}/replay", { path: { id: delivery.id } }).then(() => {
      refresh("/webhooks");
      tellDone(t.replayed);
    }, setProblem).finally(() => setBusy(false));
  };
  return (
    <div className={css.detail}>
      <dl className={css.facts}>
        <dt>webhook-id</dt><dd><code>{delivery.event_id}</code></dd>
        {delivery.next_attempt_at !== null && <><dt>{t.next}</dt><dd>{moment(Date.parse(delivery.next_attempt_at))}</dd></>}
        {delivery.attempts.map((a) => <Attempt key={a.attempt} n={a.attempt} at={a.at} said={[a.status === null ? null : `HTTP ${a.status}`, a.error, `${a.duration_ms} ms`].filter((x) => x !== null && x !== "").join(" · ")} answer={a.answer} />)}
      </dl>
      {delivery.request !== null && <><span className={css.hint}>{t.request}</span><pre className={css.json} tabIndex={0}>{JSON.stringify(delivery.request.body, null, 2)}</pre></>}
      <Problem error={problem} />
      <div><Button variant="default" onClick={replay} loading={busy} disabled={!active} data-testid="replay">{t.replay}</Button></div>
    </div>
  );
}

function Attempt({ n, at, said, answer }: { n: number; at: string; said: string; answer: string }) {
  const t = useTexts().settings.webhooks;
  return <><dt>{say(t.attempt, { n })}</dt><dd>{moment(Date.parse(at))} · {said}{answer !== "" && <pre className={css.json} tabIndex={0}>{answer}</pre>}</dd></>;
}
