// What is shown when a page breaks. A part of the console that is gone since an update (its name is stable, what is in it is
// not) is no fault of the page's: it is loaded anew, once.

import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { words } from "../i18n/index.ts";
import { Empty } from "./empty.tsx";

const key = "uniqchat:console:reloaded";
const outdated = /dynamically imported module|Importing a module script|does not provide an export|module script failed/i;

interface Props { children: ReactNode; name?: string }

export class Boundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    if (!(error instanceof Error) || !outdated.test(error.message)) return;
    const last = Number(sessionStorage.getItem(key) ?? 0);
    if (Date.now() - last < 60_000) return;
    sessionStorage.setItem(key, String(Date.now()));
    location.reload();
  }

  override componentDidUpdate(before: Props): void {
    if (before.name !== this.props.name && this.state.error !== null) this.setState({ error: null });
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    const t = words().shell;
    return <Empty title={t.broken} text={t.brokenText} role="alert"><Button onClick={() => location.reload()}>{t.reload}</Button></Empty>;
  }
}
