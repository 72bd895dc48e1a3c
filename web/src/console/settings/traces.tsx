// What the bot did: every question, newest first, and how its outcome came about at its side.

import { Badge, Drawer, SegmentedControl } from "@mantine/core";
import { Link, useLocation, useSearch } from "wouter";
import ai from "../ai/ai.module.css";
import { outcomeColour, TraceOf } from "../ai/trace.tsx";
import { outcomeWords } from "../ai/words.ts";
import { usePages } from "../api/query.ts";
import { useTexts } from "../i18n/index.ts";
import { moment } from "../i18n/time.ts";
import { Empty } from "../ui/empty.tsx";
import { IconChevronRight, IconHistory } from "../ui/icons.ts";
import { Page } from "../ui/page.tsx";
import { Failed } from "../ui/problem.tsx";
import { More, Skeletons } from "./parts/collection.tsx";
import css from "./settings.module.css";

const outcomes = ["", "answer", "clarify", "handoff", "silence"] as const;

export function Traces({ id }: { id: string }) {
  const t = useTexts();
  const s = t.ai.traces;
  const [, go] = useLocation();
  const wanted = new URLSearchParams(useSearch()).get("outcome") ?? "";
  const tail = wanted === "" ? "" : `?${new URLSearchParams({ outcome: wanted })}`;
  const list = usePages("/ai/traces", { query: { limit: 50, ...(wanted === "" ? {} : { outcome: wanted }) } }, { staleTime: 0 });
  return (
    <Page title={t.settings.pages.traces} text={t.settings.about.traces} back={() => go("/")}>
      <div className={ai.scroll}><SegmentedControl aria-label={s.outcome} value={wanted} onChange={(v) => go(`/traces${v === "" ? "" : `?outcome=${v}`}`)} data={outcomes.map((value) => ({ value, label: value === "" ? s.all : s.outcomes[value] }))} data-testid="outcome" /></div>
      {list.isPending ? <Skeletons /> : list.isError ? <Failed error={list.error} again={list.refetch} /> : list.items.length === 0 ? <div className={css.panelless}><Empty title={s.empty} text={s.emptyText} icon={<IconHistory size={22} />} /></div> : (
        <>
          <ul className={css.rows} aria-label={t.settings.pages.traces}>
            {list.items.map((x) => (
              <li key={x.id} data-testid="row">
                <Link href={`/traces/${x.id}${tail}`} className={css.row} aria-current={x.id === id ? "true" : undefined}>
                  <span className={css.rowText}><b>{moment(Date.parse(x.at))}</b><span>{x.conversation_id === null ? s.byStaff : s.inConversation}</span></span>
                  <span className={css.rowAside}><Badge color={outcomeColour(x.outcome)}>{outcomeWords(x.outcome, t)}</Badge></span>
                  <IconChevronRight size={16} aria-hidden="true" className={css.chevron} />
                </Link>
              </li>
            ))}
          </ul>
          <More list={list} />
        </>
      )}
      <Drawer opened={id !== ""} onClose={() => go(`/traces${tail}`)} position="right" size="lg" title={t.ai.try.trace} closeButtonProps={{ "aria-label": t.shell.close }}>{id !== "" && <TraceOf id={id} />}</Drawer>
    </Page>
  );
}
