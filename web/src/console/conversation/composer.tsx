// What is to be said: a reply to the visitor, or a note for the team; canned replies behind a slash; files.

import { ActionIcon, Tooltip } from "@mantine/core";
import { useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState, type Ref } from "react";
import { realClock } from "../../shared/clock.ts";
import { onEnter } from "../../shared/enter.ts";
import { cleanText } from "../../shared/packets.ts";
import { TypingReporter } from "../../shared/typists.ts";
import { Suggest } from "../ai/suggest.tsx";
import { useAll, useGet } from "../api/query.ts";
import type { Conversation } from "../api/schema.ts";
import { say, useTexts } from "../i18n/index.ts";
import { useLive, useMe } from "../live/live.ts";
import { IconBolt, IconCards, IconPaperclip, IconSend, IconSparkles } from "../ui/icons.ts";
import { Length, longest } from "../ui/length.tsx";
import { reason } from "../ui/problem.tsx";
import { can as allowed } from "./actions.ts";
import { fill, insert, matching, slashAt, type Canned } from "./canned.ts";
import css from "./composer.module.css";
import { loadDraft, saveDraft, type Mode } from "./drafts.ts";
import { Files } from "./files.tsx";
import { useUploads } from "./uploads.ts";

export interface ComposerHandle { /** Puts the caret into the box. */ write: (mode: Mode) => void; attach: (files: Iterable<File>) => void; /** Opens the list of canned replies. */ canned: () => void; /** Looks for answers. */ suggest: () => void }
interface Props { c: Conversation; sent: () => void; /** Opens the dialog of a card. */ card: () => void; ref?: Ref<ComposerHandle> }

const most = 8; // canned replies in the list

export function Composer({ c, sent, card, ref }: Props) {
  const t = useTexts();
  const me = useMe();
  const { client } = useLive();
  const can = allowed(c, me);
  const [begun] = useState(() => loadDraft(c.id));
  const [mode, setMode] = useState<Mode>(begun.mode);
  const [text, setText] = useState(begun.text);
  const [caret, setCaret] = useState(0);
  const [at, setAt] = useState(0);
  const [shut, setShut] = useState(false); // the list of canned replies, by Escape
  const [helped, setHelped] = useState(false); // by suggestions
  const [near, setNear] = useState(false); // the box had the focus: canned replies may be wanted soon
  const box = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const note = mode === "note";
  const over = text.trim().length > longest;
  const uploads = useUploads(c.id);
  const typing = useMemo(() => new TypingReporter(realClock, (state, preview) => client.typing(c.id, state, preview)), [client, c.id]);
  useEffect(() => () => typing.stop(), [typing]);
  useEffect(() => saveDraft(c.id, { text, mode }), [c.id, text, mode]);

  const slash = shut ? null : slashAt(text, caret);
  const replies = useAll("/canned-responses", { enabled: near || slash !== null, staleTime: 5 * 60_000 });
  const email = useGet("/visitors/{id}", { path: { id: c.visitor_id } }, {}).data?.email;
  const found = useMemo(() => {
    if (slash === null) return [];
    const mine = (replies.data ?? []).filter((r) => r.team_id === undefined || r.team_id === c.team_id || me.teams.includes(r.team_id));
    const values = { "visitor.name": c.visitor_name, "visitor.email": email, "agent.name": me.name };
    return matching(mine, slash.word, most).map((r) => ({ ...r, text: fill(r.text, values) }));
  }, [replies.data, slash?.word, slash === null, c.team_id, c.visitor_name, email, me]);
  const chosen = Math.min(at, found.length - 1);

  const put = (value: string, where: number) => {
    setText(value);
    setCaret(where);
    if (!note) typing.input(value);
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(where, where);
    });
  };
  const use = (r: Canned) => {
    if (slash === null) return;
    const next = insert(text, caret, slash.from, r.text);
    put(next.text, next.caret);
  };
  const send = () => {
    const clean = cleanText(text).trim();
    if (clean === "" || clean.length > longest || !can.write) return;
    typing.stop();
    client.send(c.id, "text", { text: clean }, note ? "internal" : "public");
    setText("");
    setCaret(0);
    sent();
  };
  const attach = (files: Iterable<File>) => {
    if (can.write) uploads.add(files, note ? "internal" : "public");
    sent();
  };
  const change = (m: Mode) => {
    typing.stop();
    setMode(m);
    box.current?.focus();
  };
  const canned = () => {
    const before = text === "" || /\s$/.test(text) ? text : `${text} `;
    setShut(false);
    put(`${before}/`, before.length + 1);
  };
  const take = (suggestion: string) => {
    const whole = text.trim() === "" ? suggestion : `${text.trimEnd()}\n\n${suggestion}`;
    put(whole, whole.length);
    setHelped(false);
  };
  useImperativeHandle(ref, () => ({ write: change, attach, canned, suggest: () => { change("reply"); setHelped(true); } }));

  const latest = useRef(send);
  latest.current = () => {
    if (found[chosen] !== undefined) use(found[chosen]);
    else if (slash === null || replies.data !== undefined) send(); // until then nobody knows what a slash means
  };
  const bound = useRef(false);
  useEffect(() => {
    if (!bound.current) onEnter(box.current!, () => latest.current());
    bound.current = true;
  }, []);
  useLayoutEffect(() => {
    const el = box.current!;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, 220)}px`;
  }, [text]);

  const keys = (e: React.KeyboardEvent) => {
    if (found.length > 0 && (e.key === "ArrowDown" || e.key === "ArrowUp")) setAt((chosen + (e.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
    else if (found.length > 0 && e.key === "Tab" && !e.shiftKey) use(found[chosen]!);
    else if (e.key === "Escape" && slash !== null) setShut(true);
    else if (e.key === "Escape") return box.current?.blur(); // the screen's keys work again
    else return;
    e.preventDefault();
  };
  const wrote = (e: React.ChangeEvent<HTMLTextAreaElement>) => {
    setText(e.target.value);
    setCaret(e.target.selectionStart);
    setAt(0);
    setShut(false);
    if (!note) typing.input(e.target.value);
  };
  const pasted = (e: React.ClipboardEvent) => {
    const d = e.clipboardData, files = [...d.files];
    if (files.length === 0 || (d.getData("text/html") !== "" && d.getData("text/plain") !== "")) return; // a table brings its picture along
    e.preventDefault();
    attach(files);
  };
  return (
    <form className={css.composer} data-mode={mode} onSubmit={(e) => { e.preventDefault(); send(); }}>
      {slash !== null && found.length > 0 && <CannedList found={found} chosen={chosen} use={use} />}
      {slash !== null && replies.data === undefined && <CannedLack error={replies.error} again={() => void replies.refetch()} />}
      <div className={css.modes} role="tablist" aria-label={t.conversation.modes}>
        {(["reply", "note"] as const).map((m) => <button key={m} type="button" role="tab" aria-selected={m === mode} onClick={() => change(m)} disabled={!can.write} data-testid={`mode-${m}`}>{m === "reply" ? t.conversation.reply : t.conversation.note}</button>)}
      </div>
      <Files uploads={uploads} />
      {helped && !note && can.write && <Suggest conv={c.id} insert={take} close={() => { setHelped(false); box.current?.focus(); }} />}
      <textarea ref={box} className={css.box} rows={1} aria-invalid={over} value={text} disabled={!can.write} dir="auto" data-testid="answer" aria-label={note ? t.conversation.note : t.conversation.message}
        aria-autocomplete="list" aria-controls={found.length > 0 ? "canned" : undefined} aria-activedescendant={found[chosen] === undefined ? undefined : `canned-${found[chosen].id}`}
        placeholder={!can.write ? t.conversation.viewer : note ? t.conversation.writeNote : t.conversation.write}
        onChange={wrote} onKeyDown={keys} onFocus={() => setNear(true)} onSelect={(e) => setCaret(e.currentTarget.selectionStart)} onPaste={pasted} />
      <div className={css.tools}>
        <input ref={picker} type="file" multiple hidden onChange={(e) => { attach([...(e.target.files ?? [])]); e.target.value = ""; }} data-testid="files" />
        <Tooltip label={t.conversation.attach}><ActionIcon onClick={() => picker.current?.click()} disabled={!can.write} aria-label={t.conversation.attach} data-testid="attach"><IconPaperclip size={18} /></ActionIcon></Tooltip>
        <Tooltip label={t.conversation.canned}><ActionIcon onClick={canned} disabled={!can.write} aria-label={t.conversation.canned} data-testid="canned-open"><IconBolt size={18} /></ActionIcon></Tooltip>
        {!note && <Tooltip label={t.card.send}><ActionIcon onClick={card} disabled={!can.write} aria-label={t.card.send} data-testid="card-open"><IconCards size={18} /></ActionIcon></Tooltip>}
        {!note && <Tooltip label={t.ai.suggest.open}><ActionIcon onClick={() => setHelped(!helped)} disabled={!can.write} aria-label={t.ai.suggest.open} aria-expanded={helped} variant={helped ? "light" : "subtle"} color={helped ? "brand" : "gray"} data-testid="suggest"><IconSparkles size={18} /></ActionIcon></Tooltip>}
        <span className={css.space} />
        <Length n={text.trim().length} most={longest} />
        <span className={css.hint}>{t.conversation.enterSends}</span>
        <ActionIcon type="submit" variant="filled" color={note ? "yellow" : "brand"} size="lg" disabled={!can.write || text.trim() === "" || over} aria-label={t.conversation.send} data-testid="send"><IconSend size={17} /></ActionIcon>
      </div>
    </form>
  );
}

function CannedList({ found, chosen, use }: { found: readonly Canned[]; chosen: number; use: (r: Canned) => void }) {
  const t = useTexts();
  const here = useRef<HTMLLIElement>(null);
  useEffect(() => {
    void here.current?.scrollIntoView({ block: "nearest" }); // a promise in newer browsers, which is no clean-up
  }, [chosen]);
  return (
    <ul className={css.canned} id="canned" role="listbox" aria-label={t.conversation.canned} data-testid="canned">
      {found.map((r, i) => (
        // The caret stays in the box: the mouse must not take it.
        <li key={r.id} id={`canned-${r.id}`} ref={i === chosen ? here : null} role="option" aria-selected={i === chosen} onMouseDown={(e) => { e.preventDefault(); use(r); }} data-testid="canned-choice">
          <b>/{r.shortcut}</b><span dir="auto">{r.title !== undefined && r.title !== "" ? `${r.title} · ` : ""}{r.text}</span>
        </li>
      ))}
    </ul>
  );
}

/** Stands where canned replies are to be, until they are there. */
function CannedLack({ error, again }: { error: unknown; again: () => void }) {
  const t = useTexts();
  return (
    <div className={css.canned} role={error === null ? "status" : "alert"} data-testid="canned-lack">
      <p>{error === null ? t.conversation.cannedWait : <>{say(t.conversation.cannedLost, { reason: reason(error) })} <button type="button" onMouseDown={(e) => e.preventDefault()} onClick={again} data-testid="canned-again">{t.shell.retry}</button></>}</p>
      <p>{t.conversation.cannedAnyway}</p>
    </div>
  );
}
