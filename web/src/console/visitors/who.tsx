// A visitor's name and seal, wherever one is listed.

import { Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { say, useTexts, type Texts } from "../i18n/index.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconShieldCheck } from "../ui/icons.ts";
import css from "./visitors.module.css";

interface Visitor { id: string; name: string; email: string; verified: boolean }

/** Its name, its address, or a short one made of the id. */
export function nameOf(v: Pick<Visitor, "id" | "name" | "email">, t: Texts): string {
  return v.name || v.email || say(t.visitors.unnamed, { id: v.id.slice(-4) });
}

export function Seal({ size = 15 }: { size?: number }) {
  const t = useTexts();
  return <Tooltip label={t.visitors.verifiedHint}><IconShieldCheck size={size} className={css.seal} role="img" aria-label={t.visitors.verified} /></Tooltip>;
}

export function Who({ v, text }: { v: Visitor; text?: ReactNode }) {
  const t = useTexts();
  const name = nameOf(v, t);
  return <span className={css.who}><Avatar name={name} id={v.id} size={30} /><span><b dir="auto">{name}</b>{v.verified && <Seal />}{text !== undefined && <small dir="auto">{text}</small>}</span></span>;
}
