// Forms: what was changed, what is wrong with which field, what is on its way, and the guard of what is not saved.

import { Alert, Button } from "@mantine/core";
import { createContext, use, useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { ApiError } from "../../api/client.ts";
import { refresh, type Path } from "../../api/query.ts";
import { useTexts } from "../../i18n/index.ts";
import { IconAlertCircle, IconAlertTriangle } from "../../ui/icons.ts";
import css from "../settings.module.css";
import { merged, same, snapshot, type Snapshot } from "./draft.ts";
import { explain, fieldErrors, type Errors } from "./errors.ts";
import { useGuard } from "./guard.tsx";

/** What the server had when the writing began. */
export interface Was<V> {
  values: V;
  /** For the body of a request: the version, if the record has one. */
  seen: { version?: number };
}

/** Somebody else has saved what is being written here: "seen" once theirs is there to be loaded, "refused" until then, "kept" if it was about nothing that stands here. */
export type Newer = "" | "seen" | "refused" | "kept";

interface Options<V> {
  /** What the page itself finds wrong, by field; "" and undefined are nothing. */
  check?: (v: V) => Record<string, string | undefined>;
  /** The record that is changed, as it was read; nothing for a new one. */
  of?: object | undefined;
  /** Sends it, and has the record as it is then. */
  save: (v: V, was: Was<V>) => Promise<unknown>;
  /** What is read again once it is saved, or when somebody else was faster. */
  stale?: readonly Path[];
  done?: () => void;
  /** Nothing of it stays once it is saved. */
  empties?: boolean;
  /** The fields that problems' codes speak of. */
  codes?: Record<string, string>;
}

export interface Form<V> {
  values: V;
  set: (change: Partial<V>) => void;
  error: (name: string) => string | undefined;
  dirty: boolean;
  busy: boolean;
  problem: unknown;
  /** Counts refusals. */
  failed: number;
  newer: Newer;
  /** Goes on from what somebody else has saved; what was changed here stays as it was written. */
  load: () => void;
  submit: (e?: FormEvent) => void;
  reset: () => void;
  /** For a field of text. */
  text: (name: keyof V & string) => { value: string; onChange: (e: { currentTarget: { value: string } }) => void; error: string | undefined; "data-testid": string };
  /** For what says its value itself. */
  value: <K extends keyof V & string>(name: K) => { value: V[K]; onChange: (x: unknown) => void; error: string | undefined; "data-testid": string };
  check: (name: keyof V & string) => { checked: boolean; onChange: (e: { currentTarget: { checked: boolean } }) => void; error: string | undefined; "data-testid": string };
}

export function useForm<V extends object>(initial: V, o: Options<V>): Form<V> {
  const now = snapshot(initial, o.of);
  const latest = useRef(now);
  latest.current = now;
  const [base, setBase] = useState(now); // what was there when the writing began
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Errors>({});
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(0);
  const [refused, setRefused] = useState<Snapshot<V> | null>(null); // with which the server said that it has something newer
  const dirty = !same(values, base.values);
  const guard = useGuard(dirty);
  const begin = (from: Snapshot<V>) => {
    setBase(from);
    setValues((v) => merged(v, base.values, from.values));
  };
  let newer: Newer = !dirty || refused === null ? "" : refused === base ? "refused" : "kept";
  if (now.key !== base.key && !busy) { // the server has something else by now
    if (!dirty) begin(now);
    else if (o.of === undefined || now.known === base.known || same(initial, base.values)) begin(now); // one's own, or about nothing that stands here
    else newer = "seen";
  }
  const error = (name: string) => errors[name] ?? Object.entries(errors).find(([at]) => at.startsWith(`${name}.`))?.[1];
  const set = (change: Partial<V>) => {
    setValues((v) => ({ ...v, ...change }));
    setErrors((was) => Object.fromEntries(Object.entries(was).filter(([at]) => !((at.split(".")[0] ?? "") in change))));
  };
  const submit = (e?: FormEvent) => {
    e?.preventDefault();
    e?.stopPropagation();
    if (busy) return;
    const wrong = Object.fromEntries(Object.entries(o.check?.(values) ?? {}).filter((x): x is [string, string] => x[1] !== undefined && x[1] !== ""));
    setErrors(wrong);
    setProblem(null);
    if (Object.keys(wrong).length > 0 || newer === "seen") {
      setFailed((n) => n + 1);
      return;
    }
    setBusy(true);
    setRefused(null);
    o.save(values, { values: base.values, seen: base.version > 0 ? { version: base.version } : {} }).then((record) => {
      guard.dirty = false;
      const saved = snapshot(values, record);
      const is = latest.current; // an EVENT may have brought it before the answer
      if (o.empties === true || (o.of !== undefined && saved.known === is.known)) {
        setBase(is);
        setValues(is.values);
      } else setBase({ ...saved, key: is.key });
      if (o.stale !== undefined) refresh(...o.stale);
      o.done?.();
    }, (e: unknown) => {
      const stale = o.of !== undefined && e instanceof ApiError && (e.code === "stale" || e.status === 412);
      const { fields, rest } = fieldErrors(e, Object.keys(values), o.codes);
      setErrors(fields);
      setProblem(stale ? null : rest);
      if (stale) setRefused(base);
      if (stale && o.stale !== undefined) refresh(...o.stale);
      setFailed((n) => n + 1);
    }).finally(() => setBusy(false));
  };
  const common = (name: string) => ({ error: error(name), "data-testid": `field-${name}` });
  return {
    values, set, error, dirty, busy, problem, failed, newer, submit,
    load: () => {
      begin(now);
      setRefused(null);
    },
    reset: () => {
      setValues(base.values);
      setRefused(null);
      setErrors({});
      setProblem(null);
    },
    text: (name) => ({ value: String(values[name] ?? ""), onChange: (e) => set({ [name]: e.currentTarget.value } as unknown as Partial<V>), ...common(name) }),
    value: (name) => ({ value: values[name], onChange: (x) => set({ [name]: x } as unknown as Partial<V>), ...common(name) }),
    check: (name) => ({ checked: values[name] === true, onChange: (e) => set({ [name]: e.currentTarget.checked } as unknown as Partial<V>), ...common(name) }),
  };
}

const Locked = createContext(false);

/** Everything in it is to be read only. */
export function ReadOnly({ when, children }: { when: boolean; children: ReactNode }) {
  return <Locked value={when}>{children}</Locked>;
}

interface BodyProps<V> {
  form: Form<V>;
  children: ReactNode;
  /** The word on the button. */
  action?: string;
  /** Beside the button: deleting, say. */
  aside?: ReactNode;
  cancel?: () => void;
  /** Something new can be saved as it stands. */
  fresh?: boolean;
}

export function FormBody<V>({ form, children, action, aside, cancel, fresh }: BodyProps<V>) {
  const t = useTexts();
  const locked = use(Locked);
  const ref = useRef<HTMLFormElement>(null);
  const held = useRef<HTMLElement | null>(null); // had the focus when it was submitted; what is disabled meanwhile loses it
  useEffect(() => {
    if (form.busy) return;
    if (document.activeElement === document.body) held.current?.focus();
    held.current = null;
  }, [form.busy]);
  useEffect(() => {
    if (form.failed > 0 && !form.busy) ref.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-newer]')?.focus();
  }, [form.failed, form.busy]);
  return (
    <form ref={ref} className={css.form} onSubmit={(e) => { held.current = document.activeElement as HTMLElement | null; form.submit(e); }} noValidate>
      <fieldset disabled={locked || form.busy} className={css.fields}>{children}</fieldset>
      {form.newer !== "" && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={17} />} title={t.settings.newer.title} role="alert" tabIndex={-1} data-newer={form.newer} data-testid="newer">
          <p className={css.plain}>{form.newer === "kept" ? t.settings.newer.kept : t.settings.newer.text}</p>
          {form.newer !== "kept" && <Button variant="default" size="xs" mt="xs" loading={form.newer === "refused"} onClick={form.load} data-testid="load-newer">{t.settings.newer.load}</Button>}
        </Alert>
      )}
      <Problem error={form.problem} />
      {!locked && (
        <div className={css.buttons}>
          <Button type="submit" loading={form.busy} disabled={!form.dirty && fresh !== true} data-testid="save">{action ?? t.shell.save}</Button>
          {cancel !== undefined ? <Button variant="default" onClick={cancel}>{t.shell.cancel}</Button>
            : form.dirty && <Button variant="subtle" color="gray" onClick={form.reset}>{t.settings.guard.undo}</Button>}
          <span className={css.space} />
          {aside}
        </div>
      )}
    </form>
  );
}

/** A failure in place; a 403 with what to do about it. */
export function Problem({ error }: { error: unknown }) {
  const t = useTexts().settings;
  if (error === null || error === undefined) return null;
  const denied = error instanceof ApiError && error.status === 403;
  return (
    <Alert color="red" variant="light" icon={<IconAlertCircle size={17} />} role="alert" data-testid="problem">
      {explain(error)}{denied && <> {t.denied.ask}</>}
    </Alert>
  );
}
