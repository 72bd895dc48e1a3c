// Knowledge: documents, what is found in them, golden questions, what nothing answered, and the index. /knowledge/try and so on are its
// parts, /knowledge/new and /knowledge/ID a document.

import { Badge, Button } from "@mantine/core";
import { useEffect, useRef, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import type { KnowledgeIndex } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useCommands } from "../shell/commands.ts";
import { IconPencilPlus } from "../ui/icons.ts";
import { Page } from "../ui/page.tsx";
import { useMay } from "./access.ts";
import { DocumentPage } from "./knowledge/document.tsx";
import { Documents } from "./knowledge/documents.tsx";
import { useGolden, useIndex, useUnanswered } from "./knowledge/data.ts";
import { Choose } from "./knowledge/drop.tsx";
import { Golden } from "./knowledge/golden.tsx";
import { IndexPage } from "./knowledge/index.tsx";
import css from "./knowledge/knowledge.module.css";
import { Standing } from "./knowledge/standing.tsx";
import { resultOf } from "./knowledge/standing.ts";
import { Try } from "./knowledge/try.tsx";
import { Unanswered } from "./knowledge/unanswered.tsx";

const parts = ["documents", "try", "golden", "unanswered", "index"] as const;
type Part = (typeof parts)[number];

const placeOf = (p: Part) => (p === "documents" ? "/knowledge" : `/knowledge/${p}`);

export function Knowledge({ id, sub = "" }: { id: string; sub?: string }) {
  const part: Part | undefined = id === "" ? "documents" : parts.find((p) => p === id);
  const [, go] = useLocation();
  const all = useTexts();
  const t = all.knowledge;
  const name = all.settings.pages.knowledge;
  const lead = useMay("leads");
  const index = useIndex();
  useCommands([
    ...(lead ? [{ id: "knowledge-add", group: "actions" as const, name: `${name}: ${t.list.add}`, keys: "n", run: () => go("/knowledge/new") }] : []),
    ...parts.map((p) => ({ id: `knowledge-${p}`, group: "actions" as const, name: `${name}: ${t.tabs[p]}`, ...(p === "try" ? { keys: "t" } : {}), run: () => go(placeOf(p)) })),
  ]);
  if (part === undefined) return <DocumentPage key={id} id={id} index={index.data} />;
  return (
    <Frame part={part} index={index.data}>
      {part === "documents" ? <Documents index={index.data} /> : part === "try" ? <Try /> : part === "golden" ? <Golden id={sub} index={index.data} />
        : part === "unanswered" ? <Unanswered /> : <IndexPage q={index} />}
    </Frame>
  );
}

function Frame({ part, index, children }: { part: Part; index: KnowledgeIndex | undefined; children: ReactNode }) {
  const all = useTexts();
  const t = all.knowledge;
  const [, go] = useLocation();
  const lead = useMay("leads");
  const failed = useGolden().items.filter((g) => resultOf(g, index).verdict === "failed").length;
  const open = useUnanswered().items.length;
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    void box.current?.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "nearest" }); // on a phone they are in one row
  }, [part, failed, open]); // the counts come later
  const counts: Partial<Record<Part, ReactNode>> = {
    ...(failed > 0 ? { golden: <Badge color="red" aria-label={`${t.golden.verdicts.failed}: ${failed}`}>{failed}</Badge> } : {}),
    ...(open > 0 ? { unanswered: <Badge color="gray">{open}</Badge> } : {}),
  };
  const actions = !lead ? undefined : part === "documents" ? <><Choose /><Button leftSection={<IconPencilPlus size={16} />} onClick={() => go("/knowledge/new")} data-testid="add">{t.list.add}</Button></> : undefined;
  return (
    <Page title={all.settings.pages.knowledge} text={all.settings.about.knowledge} actions={actions} back={() => go("/")}>
      <nav ref={box} className={css.tabs} aria-label={t.sections}>
        {parts.map((p) => <Link key={p} href={placeOf(p)} aria-current={p === part ? "page" : undefined} data-testid={`knowledge-${p}`}>{t.tabs[p]}{counts[p]}</Link>)}
      </nav>
      {index !== undefined && part !== "index" && <Standing index={index} />}
      {children}
      <span className={css.unseen} role="status">{index === undefined ? "" : index.state === "idle" ? say(t.index.version, { n: index.version }) : t.index[index.state]}</span>
    </Page>
  );
}
