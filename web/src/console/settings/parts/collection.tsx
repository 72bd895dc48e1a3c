// A list of things, and a drawer at its side with the one that its address names: /labels/ID, /labels/new.

import { Alert, Button, Drawer, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { say, useTexts } from "../../i18n/index.ts";
import { Empty } from "../../ui/empty.tsx";
import { IconChevronRight, IconLock, IconPlus, IconSearch } from "../../ui/icons.ts";
import { Page } from "../../ui/page.tsx";
import { Failed } from "../../ui/problem.tsx";
import { rolesOf, useMay, type Level } from "../access.ts";
import { placeOf, type PlaceName } from "../places.ts";
import css from "../settings.module.css";
import { ReadOnly } from "./form.tsx";

export interface List<T> { items: T[]; isPending: boolean; isError: boolean; error: unknown; refetch: () => unknown; hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }

/** How a thing stands in the list. */
export interface Line { id: string; title: ReactNode; text?: ReactNode; lead?: ReactNode; aside?: ReactNode; faint?: boolean; words: string }

interface Props<T> {
  place: PlaceName;
  /** From the address: "", "new" or an id. */
  id: string;
  list: List<T>;
  line: (x: T) => Line;
  /** Who may change it. */
  write: Level;
  add: string;
  empty: string;
  emptyText: string;
  /** What is in the drawer: its title, and the form. undefined: a new one. */
  editor: (x: T | undefined, close: () => void) => { title: string; body: ReactNode };
  wide?: boolean;
  above?: ReactNode;
  actions?: ReactNode;
}

export function Collection<T>({ place, id, list, line, write, add, empty, emptyText, editor, wide, above, actions }: Props<T>) {
  const t = useTexts();
  const [, go] = useLocation();
  const [word, setWord] = useState("");
  const allowed = useMay(write);
  const { icon: Icon } = placeOf(place);
  const close = () => go(`/${place}`);
  const lines = list.items.map((x) => ({ x, ...line(x) }));
  const wanted = word.trim().toLowerCase();
  const shown = lines.filter((l) => l.words.toLowerCase().includes(wanted));
  const one = lines.find((l) => l.id === id);
  const fresh = id === "new" && allowed;
  const opened = fresh || one !== undefined;
  const open = opened ? editor(one?.x, close) : null;
  const gone = id !== "" && !opened && !list.isPending && !list.hasNextPage && !list.isError;
  const addButton = allowed ? <Button leftSection={<IconPlus size={16} />} onClick={() => go(`/${place}/new`)} data-testid="add">{add}</Button> : null;
  return (
    <Page title={t.settings.pages[place]} text={t.settings.about[place]} actions={<>{actions}{addButton}</>} back={() => go("/")}>
      {above}
      {!allowed && <Alert className={css.note} color="gray" icon={<IconLock size={16} />}>{say(t.settings.denied.readOnly, { roles: roleNames(write, t.shell.roles) })}</Alert>}
      {gone && <Alert className={css.note} color="yellow" onClose={close} withCloseButton closeButtonLabel={t.shell.close}>{t.shell.notFoundText}</Alert>}
      {list.isPending ? <Skeletons /> : list.isError ? <Failed error={list.error} again={list.refetch} /> : lines.length === 0 ? (
        <div className={css.panelless}><Empty title={empty} text={emptyText} icon={<Icon size={22} />}>{addButton}</Empty></div>
      ) : (
        <>
          {lines.length > 7 && <TextInput className={css.find} value={word} onChange={(e) => setWord(e.currentTarget.value)} placeholder={t.shell.search} aria-label={t.shell.search} leftSection={<IconSearch size={15} />} />}
          <ul className={css.rows} aria-label={t.settings.pages[place]}>
            {shown.map((l) => (
              <li key={l.id} data-testid="row">
                <Link href={`/${place}/${encodeURIComponent(l.id)}`} className={css.row} data-faint={l.faint === true} aria-current={l.id === id ? "true" : undefined}>
                  {l.lead}
                  <span className={css.rowText}><b>{l.title}</b>{l.text !== undefined && l.text !== "" && <span>{l.text}</span>}</span>
                  {l.aside !== undefined && <span className={css.rowAside}>{l.aside}</span>}
                  <IconChevronRight size={16} aria-hidden="true" className={css.chevron} />
                </Link>
              </li>
            ))}
          </ul>
          {shown.length === 0 && <p className={css.faint}>{t.shell.paletteEmpty}</p>}
          <More list={list} />
        </>
      )}
      <Drawer opened={opened} onClose={close} position="right" size={wide === true ? "xl" : "lg"} title={open?.title} closeButtonProps={{ "aria-label": t.shell.close }}>
        <ReadOnly when={!allowed}><div key={id} data-testid="editor">{open?.body}</div></ReadOnly>
      </Drawer>
    </Page>
  );
}

export function roleNames(level: Level, names: Readonly<Record<string, string>>): string {
  return rolesOf(level).map((r) => names[r]).join(" · ");
}

export function More({ list }: { list: Pick<List<unknown>, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage"> }) {
  const t = useTexts().shell;
  return list.hasNextPage ? <div className={css.center}><Button variant="default" onClick={() => void list.fetchNextPage()} loading={list.isFetchingNextPage} data-testid="more">{t.loadMore}</Button></div> : null;
}

export function Skeletons() {
  const t = useTexts().shell;
  return <div className={css.skeletons} role="status" aria-label={t.loading}>{[0, 1, 2, 3].map((n) => <span key={n} />)}</div>;
}
