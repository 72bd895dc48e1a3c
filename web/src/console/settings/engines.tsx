// Engines: the servers that put answers into words, in the order in which they are asked.

import { Alert, Badge, Button, NumberInput, PasswordInput, Switch, TextInput, Checkbox } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import ai from "../ai/ai.module.css";
import { amount, brief } from "../ai/words.ts";
import { call, long } from "../api/client.ts";
import { refresh, usePages } from "../api/query.ts";
import type { AIEngine, AIEngineTest } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { IconAlertTriangle, IconCircleCheck } from "../ui/icons.ts";
import { tellDone } from "../ui/problem.tsx";
import { useMay } from "./access.ts";
import { Usage } from "./bot.tsx";
import { Collection } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, Problem, useForm } from "./parts/form.tsx";
import { useWhole } from "./parts/lists.ts";
import css from "./settings.module.css";

export function Engines({ id }: { id: string }) {
  const t = useTexts().ai.engines;
  const list = useWhole(usePages("/ai/engines", {}));
  return (
    <Collection<AIEngine> place="engines" id={id} list={list} write="managers" add={t.add} empty={t.empty} emptyText={t.emptyText} wide above={list.items.length > 0 && <p className={`${css.hint} ${css.note}`}>{t.none}</p>}
      line={(x) => ({ id: x.id, title: x.name, text: `${x.model} · ${host(x.base_url)}`, words: `${x.name} ${x.model} ${x.base_url}`, faint: !x.enabled, lead: <span className={css.faint}>{x.position}</span>,
        aside: <>{x.health !== undefined && x.health !== "closed" && <Badge color="orange" data-testid="resting">{t.resting}</Badge>}<span>{x.key_set ? t.keySet : t.keyNone}</span><Badge color={x.enabled ? "green" : "gray"}>{x.enabled ? t.on : t.off}</Badge></> })}
      editor={(x, close) => ({ title: x === undefined ? t.add : x.name, body: <><Editor key={x?.id ?? "new"} engine={x} close={close} />{x !== undefined && <Test key={`test ${x.updated_at}`} engine={x} />}{x !== undefined && <div className={css.sub}><Usage /></div>}</> })} />
  );
}

function host(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

function Editor({ engine, close }: { engine: AIEngine | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.ai.engines;
  const start = {
    name: engine?.name ?? "", base_url: engine?.base_url ?? "", model: engine?.model ?? "", key: "", forget: false, enabled: engine?.enabled ?? true, position: engine?.position ?? 0,
    prompt_price: engine?.prompt_price ?? 0, completion_price: engine?.completion_price ?? 0, first_token_ms: engine?.first_token_ms ?? 0, total_ms: engine?.total_ms ?? 0,
  };
  const whole = (n: unknown, most: number, words: string) => (typeof n === "number" && Number.isInteger(n) && n >= 0 && n <= most ? undefined : words);
  const price = (n: unknown) => (typeof n === "number" && n >= 0 ? undefined : t.ai.bot.badNumber);
  const moved = (v: typeof start) => engine !== undefined && engine.key_set && v.base_url.trim() !== engine.base_url;
  const f = useForm(start, {
    check: (v) => ({
      name: v.name.trim() === "" ? t.shell.required : undefined, base_url: /^https?:\/\/\S+$/i.test(v.base_url.trim()) ? undefined : s.badUrl, model: v.model.trim() === "" ? t.shell.required : undefined,
      key: moved(v) && v.key === "" && !v.forget ? s.keyNeeded : undefined, position: whole(v.position, 1000, s.badPosition), first_token_ms: whole(v.first_token_ms, 20_000, s.badLimit), total_ms: whole(v.total_ms, 20_000, s.badLimit),
      prompt_price: price(v.prompt_price), completion_price: price(v.completion_price),
    }),
    codes: { name_taken: "name" },
    of: engine,
    save: ({ key, forget, ...v }) => {
      const body = { ...v, name: v.name.trim(), base_url: v.base_url.trim(), model: v.model.trim(), ...(key !== "" ? { key } : forget ? { key: "" } : {}) };
      return engine === undefined ? call("POST /ai/engines", { body }) : call("PATCH /ai/engines/{id}", { path: { id: engine.id }, body });
    },
    stale: ["/ai/engines"],
    done: () => {
      tellDone(t.shell.saved);
      if (engine === undefined) close();
    },
  });
  return (
    <FormBody form={f} {...(engine === undefined ? { cancel: close } : {})} aside={engine !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /ai/engines/{id}", { path: { id: engine.id } })} done={() => { refresh("/ai/engines"); close(); }} />}>
      <TextInput label={s.name} description={s.nameText} required maxLength={100} data-autofocus {...f.text("name")} />
      <TextInput label={s.url} description={s.urlText} type="url" required maxLength={500} placeholder="https://api.openai.com/v1" {...f.text("base_url")} />
      <TextInput label={s.model} description={s.modelText} required maxLength={200} placeholder="gpt-4o-mini" {...f.text("model")} />
      <PasswordInput label={s.key} description={engine?.key_set === true ? s.keyKept : s.keyText} maxLength={2000} autoComplete="off" visibilityToggleButtonProps={{ "aria-label": s.key }} {...f.text("key")} />
      {engine?.key_set === true && f.values.key === "" && <Checkbox label={s.keyDrop} {...f.check("forget")} />}
      <Switch label={s.enabled} {...f.check("enabled")} />
      <NumberInput label={s.position} description={s.positionText} min={0} max={1000} allowDecimal={false} {...f.value("position")} />
      <div role="group" aria-label={s.prices}>
        <p className={css.legend}>{s.prices}</p><p className={css.hint}>{s.pricesText}</p>
        <div className={css.pair}>
          <NumberInput label={s.prompt} min={0} max={1e6} decimalScale={6} {...f.value("prompt_price")} />
          <NumberInput label={s.completion} min={0} max={1e6} decimalScale={6} {...f.value("completion_price")} />
        </div>
      </div>
      <div role="group" aria-label={s.limits}>
        <p className={css.legend}>{s.limits}</p><p className={css.hint}>{s.limitsText}</p>
        <div className={css.pair}>
          <NumberInput label={s.first} min={0} max={20_000} allowDecimal={false} {...f.value("first_token_ms")} />
          <NumberInput label={s.total} min={0} max={20_000} allowDecimal={false} {...f.value("total_ms")} />
        </div>
      </div>
    </FormBody>
  );
}

/** Asks the engine one question, and tells what came of it. */
function Test({ engine }: { engine: AIEngine }) {
  const t = useTexts().ai.engines;
  const manages = useMay("managers");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<AIEngineTest | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const told = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (result !== null) told.current?.scrollIntoView({ block: "nearest" });
  }, [result]);
  if (!manages) return null;
  const test = () => {
    setBusy(true);
    setResult(null);
    setProblem(null);
    call("POST /ai/engines/{id}/test", { path: { id: engine.id } }, { patience: long }).then(setResult, setProblem).finally(() => {
      setBusy(false);
      refresh("/ai/usage");
    });
  };
  return (
    <section className={css.sub}>
      <h3>{t.test}</h3>
      <p>{t.testText}</p>
      <div className={css.buttons}><Button variant="default" loading={busy} onClick={test} data-testid="engine-test">{t.test}</Button></div>
      <div aria-live="polite" ref={told}>
        {result !== null && (
          <Alert color={result.ok ? "green" : "red"} title={result.ok ? t.works : t.fails} icon={result.ok ? <IconCircleCheck size={17} /> : <IconAlertTriangle size={17} />} data-testid="engine-result" data-ok={result.ok}>
            <div className={css.fields}>
              {result.message !== "" && <span data-testid="engine-message">{result.message}</span>}
              {result.text !== "" && <span>{t.said}: <q dir="auto">{result.text}</q></span>}
              {result.ok && <span>{result.structured ? t.structured : t.plain}</span>}
              <span className={ai.line}>
                {result.http_status !== null && <span>{say(t.status, { n: result.http_status })}</span>}
                {result.first_token_ms !== null && <span>{say(t.timing, { first: brief(result.first_token_ms), total: brief(result.total_ms) })}</span>}
                {result.tokens > 0 && <span>{say(t.tokens, { n: result.tokens })}</span>}{result.money > 0 && <span>{amount(result.money)}</span>}
              </span>
            </div>
          </Alert>
        )}
      </div>
      <Problem error={problem} />
    </section>
  );
}
