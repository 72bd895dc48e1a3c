// The inbox: lists of conversations, the one that is open, and who it is with. The address says what is shown:
// /inbox/<conversation>?view=…&q=…&at=<seq of a message>.

import { useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { Conversation } from "../conversation/conversation.tsx";
import { Guide, useGuide } from "../guide/guide.tsx";
import { useTexts } from "../i18n/index.ts";
import { Empty } from "../ui/empty.tsx";
import { IconMessages } from "../ui/icons.ts";
import { addressOf, readAt, readFilters, writeFilters, type Filters } from "./filters.ts";
import css from "./inbox.module.css";
import { List } from "./list.tsx";

export function Inbox({ id }: { id: string }) {
  const t = useTexts();
  const search = useSearch();
  const [, go] = useLocation();
  const guide = useGuide();
  const filters = useMemo(() => readFilters(search), [search]);
  const open = (conv: string, f: Filters = filters) => go(`/inbox${conv === "" ? "" : `/${conv}`}${writeFilters(f)}`);
  return (
    <div className={css.inbox} data-open={id !== ""} data-conversation={id !== ""}>
      <List id={id} filters={filters} change={(f) => open(id, f)} open={(c) => go(addressOf(c, filters))} />
      {id === "" ? guide.shown ? <div className={css.none} data-guide="true"><Guide {...guide} /></div> : <div className={css.none}><Empty icon={<IconMessages size={22} />} title={t.inbox.pick} text={t.inbox.pickText} /></div>
        : <Conversation key={id} id={id} at={readAt(search)} back={() => open("")} />}
    </div>
  );
}
