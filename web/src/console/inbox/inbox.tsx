// The inbox.

import { usePages } from "../api/query.ts";
import { useTexts } from "../i18n/index.ts";
import { Page } from "../ui/page.tsx";
import { visitorName } from "./names.ts";

export function Inbox({ id }: { id: string }) {
  const t = useTexts();
  const list = usePages("/conversations", { query: { limit: 50 } });
  return <Page title={t.inbox.title}>{list.items.map((c) => <p key={c.id} aria-current={c.id === id}>{visitorName(c, t)}</p>)}</Page>;
}
