// Search and filters of the list. What is written is searched a moment later, and stands in the address.

import { ActionIcon, Button, CloseButton, Popover, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { say, useTexts } from "../i18n/index.ts";
import { useCommands } from "../shell/commands.ts";
import { IconAdjustmentsHorizontal, IconSearch } from "../ui/icons.ts";
import { useMe } from "../live/live.ts";
import { countFilters, noFilters, type Filters } from "./filters.ts";
import css from "./inbox.module.css";
import { useLabels, useNames } from "./names.ts";

const most = 200; // labels that are shown at once: a word finds the others

interface Props { filters: Filters; change: (f: Filters) => void }

export function Search({ filters, change }: Props) {
  const t = useTexts();
  const [word, setWord] = useState(filters.q);
  const box = useRef<HTMLInputElement>(null);
  const before = useRef(filters.view); // where one was before one searched
  const apply = (q: string) => {
    if (q.trim() === filters.q) return;
    if (filters.q === "") before.current = filters.view;
    // A search is for all there is; its queue can be chosen after it.
    change({ ...filters, q: q.trim(), view: q.trim() === "" ? before.current : filters.q === "" ? "all" : filters.view });
  };
  const later = useDebouncedCallback(apply, 250);
  useEffect(() => {
    if (document.activeElement !== box.current) setWord(filters.q);
  }, [filters.q]);
  const clear = () => {
    later.cancel();
    setWord("");
    apply("");
  };
  useCommands([{ id: "search", group: "list", name: t.inbox.search, keys: "s", run: () => box.current?.focus() }]);
  return (
    <div className={css.search} role="search">
      <TextInput ref={box} className={css.word} size="xs" value={word} maxLength={200} placeholder={t.inbox.searchHint} aria-label={t.inbox.search} data-testid="search" leftSection={<IconSearch size={15} />}
        rightSection={word !== "" ? <CloseButton size="sm" onClick={clear} aria-label={t.inbox.clear} /> : null}
        onChange={(e) => {
          setWord(e.target.value);
          later(e.target.value);
        }}
        onKeyDown={(e) => {
          if (e.key === "Enter") {
            later.cancel();
            apply(word);
          } else if (e.key === "Escape") {
            if (word !== "") clear();
            else box.current?.blur();
          }
        }} />
      <FilterBox filters={filters} change={change} />
    </div>
  );
}

function FilterBox({ filters, change }: Props) {
  const t = useTexts();
  const me = useMe();
  const names = useNames();
  const labels = useLabels();
  const n = countFilters(filters);
  const any = { value: "", label: t.inbox.any };
  const people = [any, { value: "me", label: t.shell.you }, { value: "none", label: t.inbox.nobody }, ...names.agents.filter((a) => a.id !== me.id).map((a) => ({ value: a.id, label: a.name }))];
  const set = (part: Partial<Filters>) => change({ ...filters, ...part });
  const day = (e: React.ChangeEvent<HTMLInputElement>) => e.target.value;
  return (
    <Popover position="bottom-end" width={280} trapFocus>
      <Popover.Target>
        <ActionIcon variant={n > 0 ? "light" : "subtle"} color={n > 0 ? "brand" : "gray"} aria-label={n > 0 ? say(t.inbox.filtersOn, { n }) : t.inbox.filters} data-testid="filters">
          <IconAdjustmentsHorizontal size={17} />{n > 0 && <span className={css.set}>{n}</span>}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={t.inbox.filters}>
        <div className={css.filters} data-testid="filter-box" data-autofocus tabIndex={-1}>
          {filters.view !== "mine" && <Select label={t.inbox.assignee} data={people} value={filters.assignee} onChange={(v) => set({ assignee: v ?? "" })} searchable openOnFocus={false} comboboxProps={{ withinPortal: false }} data-testid="filter-assignee" />}
          <Select label={t.inbox.team} data={[any, ...names.teams.map((x) => ({ value: x.id, label: x.name }))]} value={filters.team} onChange={(v) => set({ team: v ?? "" })} searchable openOnFocus={false} comboboxProps={{ withinPortal: false }} data-testid="filter-team" />
          <Select label={t.inbox.label} data={[any, ...labels.map((l) => ({ value: l.name, label: l.name }))]} value={filters.label} onChange={(v) => set({ label: v ?? "" })} searchable limit={most} openOnFocus={false} comboboxProps={{ withinPortal: false }} data-testid="filter-label" />
          <div className={css.days}>
            <TextInput type="date" label={t.inbox.since} value={filters.since} max={filters.until || undefined} onChange={(e) => set({ since: day(e) })} data-testid="filter-since" />
            <TextInput type="date" label={t.inbox.until} value={filters.until} min={filters.since || undefined} onChange={(e) => set({ until: day(e) })} data-testid="filter-until" />
          </div>
          <Button variant="default" disabled={n === 0} onClick={() => change({ ...noFilters, view: filters.view, q: filters.q })} data-testid="filter-clear">{t.inbox.noFilters}</Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
