// How failures are told: in place where something could not be read, as a notification where something could not be done.

import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { ApiError } from "../api/client.ts";
import { say, useTexts, words } from "../i18n/index.ts";
import { Empty } from "./empty.tsx";

/** What an error means to a person. */
export function reason(e: unknown): string {
  const t = words().shell;
  if (e instanceof ApiError) return e.status === 0 ? t.noServer : e.status === 403 && e.message === "" ? t.forbidden : e.message;
  return e instanceof Error ? e.message : String(e);
}

/** Says that something did not work. */
export function tellProblem(e: unknown): void {
  notifications.show({ color: "red", message: say(words().shell.failed, { reason: reason(e) }), autoClose: 8000 });
}

/** Says that something was done. */
export function tellDone(message: string): void {
  notifications.show({ message });
}

/** Stands where an answer should be: <Failed error={q.error} again={q.refetch} />. */
export function Failed({ error, again }: { error: unknown; again: () => void }) {
  const t = useTexts();
  return <Empty title={reason(error)} role="alert"><Button variant="default" onClick={() => again()}>{t.shell.retry}</Button></Empty>;
}
