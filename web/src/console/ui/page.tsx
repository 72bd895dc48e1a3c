// The frame of a page: its title, what can be done there, what it shows.

import { IconChevronLeft } from "./icons.ts";
import { ActionIcon } from "@mantine/core";
import type { ReactNode } from "react";
import { useTexts } from "../i18n/index.ts";
import css from "./ui.module.css";

interface Props {
  title: ReactNode;
  text?: ReactNode;
  actions?: ReactNode;
  /** Where a phone's back arrow leads. */
  back?: () => void;
  children: ReactNode;
}

export function Page({ title, text, actions, back, children }: Props) {
  const t = useTexts();
  return (
    <section className={css.page}>
      <header className={css.head}>
        {back !== undefined && <ActionIcon className={css.back} onClick={back} aria-label={t.shell.back}><IconChevronLeft size={20} /></ActionIcon>}
        <div className={css.headText}><h1>{title}</h1>{text !== undefined && <p>{text}</p>}</div>
        {actions !== undefined && <div className={css.headActions}>{actions}</div>}
      </header>
      <div className={css.body}>{children}</div>
    </section>
  );
}

/** A group of fields or facts with a heading. */
export function Panel({ title, text, actions, children }: { title?: ReactNode; text?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.panel}>
      {title !== undefined && <header><div><h2>{title}</h2>{text !== undefined && <p>{text}</p>}</div>{actions}</header>}
      {children}
    </section>
  );
}
