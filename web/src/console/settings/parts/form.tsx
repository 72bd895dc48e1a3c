// Forms: what was changed, what is wrong with which field, what is on its way, and the guard of what is not saved.

import { Alert, Button } from "@mantine/core";
import { createContext, use, useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { ApiError } from "../../api/client.ts";
import { useTexts } from "../../i18n/index.ts";
import { IconAlertCircle } from "../../ui/icons.ts";
import css from "../settings.module.css";
import { explain, fieldErrors, type Errors } from "./errors.ts";
import { useGuard } from "./guard.tsx";

interface Options<V> {
  /** What the page itself finds wrong, by field; "" and undefined are nothing. */
  check?: (v: V) => Record<string, string | undefined>;
  save: (v: V) => Promise<unknown>;
  done?: () => void;
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
  submit: (e?: FormEvent) => void;
  reset: () => void;
  /** For a field of text. */
  text: (name: keyof V & string) => { value: string; onChange: (e: { currentTarget: { value: string } }) => void; error: string | undefined; "data-testid": string };
  /** For what says its value itself. */
  value: <K extends keyof V & string>(name: K) => { value: V[K]; onChange: (x: unknown) => void; error: string | undefined; "data-testid": string };
  check: (name: keyof V & string) => { checked: boolean; onChange: (e: { currentTarget: { checked: boolean } }) => void; error: string | undefined; "data-testid": string };
}

export function useForm<V extends object>(initial: V, o: Options<V>): Form<V> {
  const [base, setBase] = useState(initial);
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Errors>({});
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(0);
  const text = JSON.stringify(initial);
  const [seen, setSeen] = useState(text);
  const dirty = JSON.stringify(values) !== JSON.stringify(base);
  const guard = useGuard(dirty);
  if (text !== seen) { // the server has something newer: it is shown unless somebody is writing
    setSeen(text);
    if (!dirty && !busy) {
      setBase(initial);
      setValues(initial);
    }
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
    if (Object.keys(wrong).length > 0) {
      setFailed((n) => n + 1);
      return;
    }
    setBusy(true);
    o.save(values).then(() => {
      guard.dirty = false;
      setBase(values);
      o.done?.();
    }, (refused: unknown) => {
      const { fields, rest } = fieldErrors(refused, Object.keys(values), o.codes);
      setErrors(fields);
      setProblem(rest);
      setFailed((n) => n + 1);
    }).finally(() => setBusy(false));
  };
  const common = (name: string) => ({ error: error(name), "data-testid": `field-${name}` });
  return {
    values, set, error, dirty, busy, problem, failed, submit,
    reset: () => {
      setValues(base);
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
  useEffect(() => {
    if (form.failed > 0 && !form.busy) ref.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [form.failed, form.busy]);
  return (
    <form ref={ref} className={css.form} onSubmit={form.submit} noValidate>
      <fieldset disabled={locked || form.busy} className={css.fields}>{children}</fieldset>
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
