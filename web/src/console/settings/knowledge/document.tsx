// One document: written, with its preview beside it; or a new one, perhaps for a question that nothing answered.

import { Alert, Checkbox, SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { safeLink } from "../../../widget/text.ts";
import { ApiError, call } from "../../api/client.ts";
import { refresh, useGet } from "../../api/query.ts";
import type { KnowledgeDocument, KnowledgeIndex } from "../../api/schema.ts";
import { locale, say, useTexts } from "../../i18n/index.ts";
import { moment } from "../../i18n/time.ts";
import { useCommands } from "../../shell/commands.ts";
import { Empty } from "../../ui/empty.tsx";
import { IconAlertTriangle, IconBook2 } from "../../ui/icons.ts";
import { Page } from "../../ui/page.tsx";
import { Failed, tellDone } from "../../ui/problem.tsx";
import { useMay } from "../access.ts";
import { useWatch } from "../deliveries.tsx";
import { Skeletons } from "../parts/collection.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { FormBody, ReadOnly, useForm } from "../parts/form.tsx";
import { reread, useGolden } from "./data.ts";
import { State } from "./documents.tsx";
import css from "./knowledge.module.css";
import { offered } from "./language.ts";
import { Preview } from "./preview.tsx";
import { ownTitle, readTable, type Format } from "./read.ts";
import { isEarly, languageName } from "./standing.ts";

export function DocumentPage({ id, index }: { id: string; index: KnowledgeIndex | undefined }) {
  const t = useTexts();
  const s = t.knowledge.edit;
  const [, go] = useLocation();
  const lead = useMay("leads");
  const q = useGet("/knowledge/documents/{id}", { path: { id } }, { enabled: id !== "new", staleTime: 0 });
  const d = q.data;
  useWatch(d !== undefined && isEarly(d, index), q.refetch);
  const gone = q.error instanceof ApiError && (q.error.status === 404 || q.error.status === 400) || id === "new" && !lead;
  return (
    <Page back={() => go("/knowledge")} title={<><Link href="/knowledge" className={css.crumb} data-testid="crumb">{t.settings.pages.knowledge}</Link>{id === "new" ? s.new : d?.title ?? ""}</>}
      actions={d !== undefined && <State document={d} index={index} />}
      {...(d === undefined ? {} : { text: [say(t.knowledge.chunks, { n: d.chunks }), say(t.knowledge.changed, { time: moment(Date.parse(d.updated_at)) })].join(" · ") })}>
      {id === "new" && lead ? <Editor document={undefined} /> : gone ? <Empty title={s.gone} text={s.goneText} icon={<IconBook2 size={22} />}><Link href="/knowledge">{s.all}</Link></Empty>
        : d !== undefined ? <ReadOnly when={!lead}><Editor document={d} /></ReadOnly> : q.isError ? <Failed error={q.error} again={q.refetch} /> : <Skeletons />}
    </Page>
  );
}

const formats = ["markdown", "html", "text", "csv"] as const;

function Editor({ document: d }: { document: KnowledgeDocument | undefined }) {
  const t = useTexts();
  const s = t.knowledge.edit;
  const [, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const question = d === undefined ? query.get("question") ?? "" : "";
  const unanswered = d === undefined ? query.get("unanswered") ?? "" : "";
  const [takeOff, setTakeOff] = useState(true);
  const made = useRef<KnowledgeDocument>(undefined);
  const f = useForm({ title: d?.title ?? question, format: d?.format ?? ("markdown" as Format), language: d?.language ?? "", url: d?.url ?? "", enabled: d?.enabled ?? true, text: d?.text ?? "" }, {
    check: (v) => ({
      title: v.title.trim() === "" && ownTitle(v.format, v.text) === "" ? t.shell.required : undefined,
      url: v.url.trim() === "" || safeLink(v.url.trim()) !== "" ? undefined : s.badUrl,
      text: v.text.trim() === "" ? t.shell.required : v.format === "csv" && readTable(v.text).length === 0 ? s.noRows : undefined,
    }),
    codes: { document_too_large: "text" },
    of: d,
    save: async (v) => {
      const body = { ...v, title: v.title.trim() === "" ? ownTitle(v.format, v.text).slice(0, 200) : v.title.trim(), url: v.url.trim() };
      const saved = await (d === undefined ? call("POST /knowledge/documents", { body }) : call("PATCH /knowledge/documents/{id}", { path: { id: d.id }, body }));
      if (unanswered !== "" && takeOff) await call("POST /knowledge/unanswered/{id}/dismiss", { path: { id: unanswered } }).catch(() => undefined); // somebody else was faster
      return (made.current = saved);
    },
    done: () => {
      reread();
      refresh("/knowledge/unanswered");
      tellDone(s.saved);
      if (d === undefined && made.current?.left_out !== undefined) go(`/knowledge/${made.current.id}`); // whoever wrote it should see that
      else if (d === undefined) go(unanswered === "" ? "/knowledge" : "/knowledge/unanswered");
    },
  });
  const lead = useMay("leads");
  useCommands(lead ? [{ id: "knowledge-save", group: "actions", name: t.shell.save, keys: "mod+s", run: () => f.dirty && f.submit() }] : []);
  const own = ownTitle(f.values.format, f.values.text);
  return (
    <div className={css.editor} data-testid="editor">
      <FormBody form={f} fresh={false} {...(d === undefined ? { cancel: () => go("/knowledge") } : {})} aside={d !== undefined && <Remove document={d} />}>
        <div className={css.head}>
          <TextInput className={css.wide} label={s.title} description={s.titleText} maxLength={200} placeholder={own} autoFocus={d === undefined} {...f.text("title")} />
          <Select label={t.knowledge.edit.format} data={formats.map((x) => ({ value: x, label: t.knowledge.formats[x] }))} {...f.value("format")} />
          <Select label={s.language} searchable data={languages(f.values.language, s.otherLanguage)} {...f.value("language")} />
          <TextInput label={s.url} placeholder="https://" type="url" maxLength={2000} {...f.text("url")} />
          <Switch className={css.switch} label={s.enabled} description={s.enabledText} {...f.check("enabled")} />
        </div>
        {unanswered !== "" && <Checkbox label={say(s.takeOff, { question })} checked={takeOff} onChange={(e) => setTakeOff(e.currentTarget.checked)} data-testid="take-off" />}
        {d?.left_out !== undefined && <LeftOut pieces={d.left_out} />}
        <Writing format={f.values.format} text={f.values.text} field={f.text("text")} />
      </FormBody>
    </div>
  );
}

/** What bots leave out of a document. */
function LeftOut({ pieces }: { pieces: NonNullable<KnowledgeDocument["left_out"]> }) {
  const s = useTexts().knowledge.edit;
  return (
    <Alert color="yellow" icon={<IconAlertTriangle size={17} />} title={say(s.leftOut, { n: pieces.length })} data-testid="left-out">
      {s.leftOutText}
      <ul className={css.leftOut}>{pieces.map((p, i) => <li key={i}><q dir="auto">{p.found}</q>{p.heading !== "" && <span className={css.pale} dir="auto"> — {p.heading}</span>}</li>)}</ul>
    </Alert>
  );
}

function languages(have: string, none: string): { value: string; label: string }[] {
  const all = have === "" || offered.some((x) => x === have) ? offered : [have, ...offered];
  return [{ value: "", label: none }, ...all.map((x) => ({ value: x, label: languageName(x, locale()) }))];
}

/** The text, and what it looks like: side by side, or on a narrow screen one of them. */
function Writing({ format, text, field }: { format: Format; text: string; field: object }) {
  const s = useTexts().knowledge.edit;
  const [view, setView] = useState("write");
  return (
    <div className={css.writing} data-view={view}>
      <SegmentedControl className={css.views} aria-label={s.text} value={view} onChange={setView} data={[{ value: "write", label: s.write }, { value: "preview", label: s.preview }]} data-testid="view" />
      <Textarea className={css.text} classNames={{ input: css.mono ?? "" }} label={s.text} description={s.formatText[format]} required placeholder={format === "csv" ? s.exampleTable : s.example} spellCheck {...field} />
      <div className={css.beside}><span className={css.label} aria-hidden="true">{s.preview}<small>{s.previewText}</small></span><Preview format={format} text={text} /></div>
    </div>
  );
}

function Remove({ document: d }: { document: KnowledgeDocument }) {
  const t = useTexts();
  const s = t.knowledge.edit;
  const [, go] = useLocation();
  const golden = useGolden().items.filter((g) => g.document_id === d.id).length;
  const done = () => { // the list is read anew when it is shown; this document is not to be
    refresh("/knowledge/reindex", "/knowledge/golden");
    go("/knowledge");
  };
  return <Confirm action={t.shell.remove} title={s.removeTitle} text={[s.removeText, ...(golden > 0 ? [say(s.removeGolden, { n: golden })] : [])].join(" ")} run={() => call("DELETE /knowledge/documents/{id}", { path: { id: d.id } })} done={done} />;
}

