// Somebody's initial on a colour of their own.

import type { Agent } from "../api/schema.ts";
import css from "./ui.module.css";

interface Props { name: string; id: string; size?: number; status?: Agent["status"] | undefined }

export function Avatar({ name, id, size = 32, status }: Props) {
  const hue = [...id].reduce((n, c) => (n * 31 + c.charCodeAt(0)) % 360, 7);
  return (
    <span className={css.avatar} aria-hidden="true" style={{ width: size, height: size, fontSize: size * .42, "--hue": hue } as React.CSSProperties}>
      {initial(name)}
      {status !== undefined && <span className={css.presence} data-status={status} />}
    </span>
  );
}

export function initial(name: string): string {
  return ([...name.trim()][0] ?? "?").toUpperCase();
}
