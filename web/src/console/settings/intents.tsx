// Intents: what customers want, told by sentences, and what the bot does then; how well they are told apart, and a box to try them.

import { Badge, Button, SegmentedControl, Select, Textarea, TextInput, Input } from "@mantine/core";
import { useState, type FormEvent } from "react";
import ai from "../ai/ai.module.css";
import { percent } from "../ai/words.ts";
import { call } from "../api/client.ts";
import { refresh, useGet, usePages } from "../api/query.ts";
import type { Intent, IntentTest, IntentTraining } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { Panel } from "../ui/page.tsx";
import { Failed, tellDone } from "../ui/problem.tsx";
import { Collection, Skeletons } from "./parts/collection.tsx";
import { Confirm } from "./parts/confirm.tsx";
import { FormBody, Problem, useForm } from "./parts/form.tsx";
import { choices, useTeams, useWhole } from "./parts/lists.ts";
import { longest, most, problemOf, sentences } from "./parts/sentences.ts";
import css from "./settings.module.css";

const actions = ["answer", "handoff", "reply"] as const;

export function Intents({ id }: { id: string }) {
  const t = useTexts().ai.intents;
  const list = useWhole(usePages("/ai/intents", { query: { limit: 200 } }));
  return (
    <>
      <Collection<Intent> place="intents" id={id} list={list} write="managers" add={t.add} empty={t.empty} emptyText={t.emptyText} wide
        above={<div className={css.note}><Trained shown={list.items.length > 0} /><Try /></div>}
        line={(x) => ({ id: x.name, title: x.name, text: x.description, words: `${x.name} ${x.description}`, faint: x.examples_count === 0,
          aside: <><span>{say(t.count, { n: x.examples_count })}</span><Badge color={x.action === "answer" ? "gray" : x.action === "reply" ? "blue" : "orange"}>{t.actions[x.action]}</Badge></> })}
        editor={(x, close) => ({ title: x === undefined ? t.add : x.name, body: x === undefined ? <Editor intent={undefined} close={close} /> : <Loaded name={x.name} close={close} /> })} />
    </>
  );
}

/** An intent's form, once its examples are there. */
function Loaded({ name, close }: { name: string; close: () => void }) {
  const q = useGet("/ai/intents/{name}", { path: { name } }, { staleTime: 0 });
  if (q.data === undefined) return q.isError ? <Failed error={q.error} again={q.refetch} /> : <Skeletons />;
  return <Editor intent={q.data} close={close} />;
}

function Editor({ intent, close }: { intent: Intent | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.ai.intents;
  const teams = useTeams();
  const start = {
    name: intent?.name ?? "", description: intent?.description ?? "", action: (intent?.action ?? "answer") as (typeof actions)[number], team_id: intent?.team_id ?? "",
    zh: intent?.reply.zh ?? "", en: intent?.reply.en ?? "", examples: (intent?.examples ?? []).join("\n"),
  };
  const f = useForm(start, {
    check: (v) => {
      const wrong = problemOf(sentences(v.examples));
      return {
        name: /^[a-z][a-z0-9_-]{0,49}$/.test(v.name.trim()) ? undefined : s.badName,
        examples: wrong === undefined ? undefined : wrong.many ? say(s.tooMany, { n: most }) : say(s.tooLong, { line: wrong.line, n: longest }),
        en: v.action === "reply" && v.zh.trim() === "" && v.en.trim() === "" ? s.noReply : undefined,
      };
    },
    codes: { example_taken: "examples", intent_reserved: "name" },
    of: intent,
    save: (v) => call("PUT /ai/intents/{name}", {
      path: { name: v.name.trim() },
      body: {
        description: v.description.trim(), action: v.action, examples: sentences(v.examples),
        ...(v.action === "handoff" && v.team_id !== "" ? { team_id: v.team_id } : {}), ...(v.action === "reply" ? { reply: { zh: v.zh.trim(), en: v.en.trim() } } : {}),
      },
    }),
    stale: ["/ai/intents", "/ai/training"],
    done: () => {
      tellDone(t.shell.saved);
      if (intent === undefined) close();
    },
  });
  const n = sentences(f.values.examples).length;
  return (
    <FormBody form={f} {...(intent === undefined ? { cancel: close } : {})} aside={intent !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /ai/intents/{name}", { path: { name: intent.name } })} done={() => { refresh("/ai/intents", "/ai/training"); close(); }} />}>
      <TextInput label={s.name} description={s.nameText} required maxLength={50} disabled={intent !== undefined} autoFocus={intent === undefined} {...f.text("name")} />
      <TextInput label={s.description} maxLength={500} {...f.text("description")} />
      <Textarea label={`${s.examples} · ${n}`} description={s.examplesText} autosize minRows={8} maxRows={20} {...f.text("examples")} />
      <Input.Wrapper label={s.action} labelElement="div" description={s.actionAbout[f.values.action]}><SegmentedControl mt="xs" fullWidth aria-label={s.action} data={actions.map((value) => ({ value, label: s.actions[value] }))} value={f.values.action} onChange={(action) => f.set({ action: action as (typeof actions)[number] })} data-testid="field-action" /></Input.Wrapper>
      {f.values.action === "handoff" && <Select label={s.team} data={choices(teams.items, s.anybody)} allowDeselect={false} {...f.value("team_id")} />}
      {f.values.action === "reply" && <Textarea label={s.replyZh} autosize minRows={2} maxLength={2000} {...f.text("zh")} />}
      {f.values.action === "reply" && <Textarea label={s.replyEn} description={s.replyText} autosize minRows={2} maxLength={2000} {...f.text("en")} />}
    </FormBody>
  );
}

/** How training stands, and what it has shown. */
function Trained({ shown }: { shown: boolean }) {
  const s = useTexts().ai.intents;
  const [every, setEvery] = useState(2_000);
  const q = useGet("/ai/training", {}, { every, staleTime: 0 });
  const busy = q.data?.state === "waiting" || q.data?.state === "training";
  const wanted = busy ? 1_500 : 20_000;
  if (wanted !== every) setEvery(wanted);
  if (q.data === undefined || !shown) return null;
  const r = q.data.report;
  return (
    <Panel title={s.trained} text={s.trainedText}>
      <div className={css.fields} data-testid="training" data-state={q.data.state}>
        {busy && <p className={css.hint} role="status">{s.busy}</p>}
        {r !== undefined && r.examples > 0 && (
          <>
            <p className={ai.line}><span>{s.accuracy}</span><b data-testid="accuracy">{percent(r.accuracy)}</b><span>{s.refused}</span><b>{percent(r.refused)}</b><span>{s.taken}</span><b>{percent(r.taken)}</b><span>{s.error}</span><b>{percent(r.calibration_error)}</b></p>
            <Each report={r} />
            {r.covered.length > 0 && <p className={css.hint}>{say(s.covered, { names: r.covered.join(", ") })}</p>}
            <Mistakes all={q.data.mistakes} />
          </>
        )}
      </div>
    </Panel>
  );
}

function Each({ report }: { report: NonNullable<IntentTraining["report"]> }) {
  const s = useTexts().ai.intents;
  return (
    <table className={ai.days} aria-label={s.trained}>
      <thead><tr><th scope="col">{s.intent}</th><th scope="col">{s.examples}</th><th scope="col">{s.right}</th></tr></thead>
      <tbody>{report.intents.map((x) => <tr key={x.intent}><th scope="row">{x.intent}</th><td>{x.examples}</td><td>{x.examples < 5 ? s.few : percent(x.accuracy)}</td></tr>)}</tbody>
    </table>
  );
}

function Mistakes({ all }: { all: IntentTraining["mistakes"] }) {
  const s = useTexts().ai.intents;
  if (all.length === 0) return null;
  return (
    <div role="group" aria-label={s.mistakes}>
      <p className={css.legend}>{s.mistakes}</p><p className={css.hint}>{s.mistakesText}</p>
      <ul className={ai.parts} data-testid="mistakes">
        {all.slice(0, 8).map((m) => <li key={`${m.intent} ${m.taken_for} ${m.text}`}><q dir="auto">{m.text}</q><p className={ai.line}><span>{say(s.mistake, { intent: m.intent, taken: m.taken_for, n: m.count })}</span>{m.builtin && <Badge color="gray">{s.builtin}</Badge>}</p></li>)}
      </ul>
    </div>
  );
}

/** A box to try a sentence: what it would be taken for, and what the bot would do. */
function Try() {
  const t = useTexts();
  const s = t.ai.intents;
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<IntentTest | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const ask = (e: FormEvent) => {
    e.preventDefault();
    if (text.trim() === "" || busy) return;
    setBusy(true);
    setProblem(null);
    call("POST /ai/intents/test", { body: { text: text.trim() } }).then(setResult, setProblem).finally(() => setBusy(false));
  };
  return (
    <Panel title={s.try} text={s.tryText}>
      <form className={ai.ask} onSubmit={ask}>
        <TextInput value={text} onChange={(e) => setText(e.currentTarget.value)} maxLength={2000} placeholder={s.sentence} aria-label={s.sentence} data-testid="try-text" />
        <Button type="submit" loading={busy} disabled={text.trim() === ""} data-testid="try-go">{s.go}</Button>
      </form>
      <div className={ai.answer} aria-live="polite" data-testid="try-result" data-intent={result?.intent ?? ""}>
        {result !== null && (
          <>
            <p className={ai.line}><b>{s.does[result.action]}</b><span>{result.intent}{result.builtin ? ` (${s.builtin})` : ""}</span><span>{say(t.ai.confidence, { n: percent(result.probability) })}</span><span>{say(s.outOfScope, { n: percent(result.out_of_scope) })}</span></p>
            {result.guard !== null && <p className={css.hint}>{t.ai.reasons[result.guard]}</p>}
            {!result.builtin && !result.sure && <p className={css.hint}>{s.unsure}</p>}
            <ul className={ai.steps} aria-label={s.ranked}>{result.ranked.slice(0, 5).map((x) => <li key={`${x.builtin} ${x.intent}`}><b>{x.intent}{x.builtin ? ` (${s.builtin})` : ""}</b><time>{percent(x.probability)}</time></li>)}</ul>
          </>
        )}
      </div>
      <Problem error={problem} />
    </Panel>
  );
}
