// How failures are told: in place where something could not be read, as a notification where something could not be done.

import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { ApiError } from "../api/client.ts";
import { languageCode, say, useTexts, words } from "../i18n/index.ts";
import { Empty } from "./empty.tsx";

/** The console's own sentence for a code; undefined if it has none. */
export function known(code: string): string | undefined {
  const all: Readonly<Record<string, string>> = words().problems.codes;
  return Object.hasOwn(all, code) ? all[code] : undefined;
}

/** Whether the server's own words, which are English, are in the language that is spoken. */
export const speaksAsServer = (): boolean => languageCode() === "en";

/** What an error means to a person: in the console's words if it knows the code, otherwise in the server's. */
export function reason(e: unknown): string {
  if (!(e instanceof ApiError)) return e instanceof Error ? e.message : String(e);
  const { shell, problems } = words();
  if (e.status === 0) return shell.noServer;
  const said = known(e.code) ?? (speaksAsServer() ? e.message : e.code === "conflict" ? problems.conflict : (e.problem.title ?? e.message));
  return said !== "" ? said : e.status === 403 ? shell.forbidden : `HTTP ${e.status}`;
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
