// What stands where nothing is.

import type { ReactNode } from "react";
import css from "./ui.module.css";

interface Props { title: string; text?: string; icon?: ReactNode; role?: string; children?: ReactNode }

export function Empty({ title, text, icon, role, children }: Props) {
  return (
    <div className={css.empty} role={role}>
      {icon !== undefined && <div className={css.emptyIcon} aria-hidden="true">{icon}</div>}
      <strong>{title}</strong>
      {text !== undefined && <p>{text}</p>}
      {children}
    </div>
  );
}
