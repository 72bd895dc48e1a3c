// Golden questions: of which it is known what answers them. An index that does not find that is not put in use.

import { Alert, Badge, Button, Drawer, NumberInput, Select, TextInput } from "@mantine/core";
import { Link, useLocation, useSearch } from "wouter";
import { call } from "../../api/client.ts";
import type { GoldenQuestion, KnowledgeIndex } from "../../api/schema.ts";
import { say, useTexts } from "../../i18n/index.ts";
import { Empty } from "../../ui/empty.tsx";
import { IconCheck, IconChevronRight, IconCircleDashed, IconClock, IconPlus, IconTargetArrow, IconX } from "../../ui/icons.ts";
import { Failed, tellDone } from "../../ui/problem.tsx";
import { useMay } from "../access.ts";
import { Skeletons } from "../parts/collection.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { FormBody, ReadOnly, useForm } from "../parts/form.tsx";
import settings from "../settings.module.css";
import { reread, useDocuments, useGolden, useTitles } from "./data.ts";
import css from "./knowledge.module.css";
import { resultOf } from "./standing.ts";

const looks = { passed: { color: "green", icon: IconCheck }, failed: { color: "red", icon: IconX }, waiting: { color: "yellow", icon: IconClock }, unknown: { color: "gray", icon: IconCircleDashed } };

export function Golden({ id, index }: { id: string; index: KnowledgeIndex | undefined }) {
  const t = useTexts();
  const s = t.knowledge.golden;
  const [, go] = useLocation();
  const lead = useMay("leads");
  const list = useGolden();
  const close = () => go("/knowledge/golden");
  const one = list.items.find((g) => g.id === id);
  const fresh = id === "new" && lead;
  const gone = id !== "" && !fresh && one === undefined && !list.isPending && !list.hasNextPage && !list.isError;
  const add = lead && <Button leftSection={<IconPlus size={16} />} onClick={() => go("/knowledge/golden/new")} data-testid="add-golden">{s.add}</Button>;
  return (
    <>
      {gone && <Alert className={settings.note} color="yellow" onClose={close} withCloseButton closeButtonLabel={t.shell.close}>{t.shell.notFoundText}</Alert>}
      {list.isPending ? <Skeletons /> : list.isError ? <Failed error={list.error} again={list.refetch} /> : list.items.length === 0 ? (
        <div className={settings.panelless}><Empty title={s.empty} text={s.emptyText} icon={<IconTargetArrow size={22} />}>{add}</Empty></div>
      ) : (
        <>
          <div className={css.top}><p>{s.emptyText}</p>{add}</div>
          <ul className={settings.rows} aria-label={t.knowledge.tabs.golden}>{list.items.map((g) => <Row key={g.id} golden={g} index={index} open={g.id === id} />)}</ul>
        </>
      )}
      <Drawer opened={fresh || one !== undefined} onClose={close} position="right" size="lg" title={fresh ? s.add : t.knowledge.golden.question} closeButtonProps={{ "aria-label": t.shell.close }}>
        <ReadOnly when={!lead}><div key={id} data-testid="editor"><Editor golden={one} close={close} /></div></ReadOnly>
      </Drawer>
    </>
  );
}

function Row({ golden: g, index, open }: { golden: GoldenQuestion; index: KnowledgeIndex | undefined; open: boolean }) {
  const t = useTexts().knowledge;
  const title = useTitles();
  const { verdict, found } = resultOf(g, index);
  const { color, icon: Icon } = looks[verdict];
  const what = verdict === "failed" ? ` ${found === null ? t.golden.foundNothing : say(t.golden.foundInstead, { title: title(found) })}` : "";
  return (
    <li data-testid="golden" data-verdict={verdict}>
      <Link href={`/knowledge/golden/${g.id}`} className={settings.row} aria-current={open ? "true" : undefined}>
        <span className={settings.rowText}>
          <b dir="auto">{g.question}</b>
          <span>{say(t.golden.expects, { title: title(g.document_id) })} · {say(t.golden.first, { n: g.within })}</span>
          {what !== "" && <span className={css.bad}>{what}</span>}
        </span>
        <span className={settings.rowAside}><Badge color={color} leftSection={<Icon size={12} />}>{t.golden.verdicts[verdict]}</Badge></span>
        <IconChevronRight size={16} aria-hidden="true" className={settings.chevron} />
      </Link>
    </li>
  );
}

function Editor({ golden, close }: { golden: GoldenQuestion | undefined; close: () => void }) {
  const t = useTexts();
  const s = t.knowledge.golden;
  const query = new URLSearchParams(useSearch());
  const documents = useDocuments().items;
  const given = golden === undefined ? { question: query.get("question") ?? "", document_id: query.get("document") ?? "" } : golden;
  const f = useForm({ question: given.question, document_id: given.document_id, within: golden?.within ?? 3 as number | string }, {
    check: (v) => ({ question: v.question.trim() === "" ? t.shell.required : undefined, document_id: v.document_id === "" ? s.noDocument : undefined, within: Number.isInteger(v.within) && Number(v.within) >= 1 && Number(v.within) <= 10 ? undefined : s.badWithin }),
    of: golden,
    save: (v) => {
      const body = { question: v.question.trim(), document_id: v.document_id, within: Number(v.within) };
      return golden === undefined ? call("POST /knowledge/golden", { body }) : call("PATCH /knowledge/golden/{id}", { path: { id: golden.id }, body });
    },
    done: () => {
      reread();
      tellDone(s.saved);
      close();
    },
  });
  const remove = golden !== undefined && <Confirm action={t.shell.remove} title={s.removeTitle} text={s.removeText} run={() => call("DELETE /knowledge/golden/{id}", { path: { id: golden.id } })} done={() => { close(); reread(); }} />;
  return (
    <FormBody form={f} cancel={close} fresh={golden === undefined && given.question !== "" && given.document_id !== ""} aside={remove}>
      {documents.length === 0 && <Alert color="yellow">{s.noDocuments}</Alert>}
      <TextInput label={s.question} description={s.questionText} required maxLength={500} data-autofocus {...f.text("question")} />
      <Select label={s.document} searchable required data={documents.map((d) => ({ value: d.id, label: d.title }))} nothingFoundMessage={t.shell.paletteEmpty} {...f.value("document_id")} />
      <NumberInput label={s.within} description={s.withinText} min={1} max={10} allowDecimal={false} maw={180} {...f.value("within")} />
      {f.values.question.trim() !== "" && !f.dirty && <div><Link href={`/knowledge/try?${new URLSearchParams({ q: f.values.question })}`}>{s.tryIt}</Link></div>}
    </FormBody>
  );
}
