// The panel: head, state, messages, and where the visitor writes.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Body } from "../../shared/packets.ts";
import type { Host } from "../host.ts";
import { opensAt } from "../texts.ts";
import { Composer } from "./composer.tsx";
import { DeskContext, useAttempt, type Desk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { List, useFolded } from "./list.tsx";
import { Notice } from "./notice.tsx";

export interface AppProps {
  desk: Desk;
  host: Host;
  open: boolean;
  sound: boolean;
  setSound(on: boolean): void;
  close(): void;
  /** The visitor has everything before its eyes, or not any more. */
  atEnd(end: boolean): void;
  /** A trigger's words, shown where the greeting stands. */
  greeted: string;
  announced: string;
}

export function App(p: AppProps) {
  const { room, t, locale, uploads, parts } = p.desk;
  const s = room.state;
  const folded = useFolded(s.messages);
  const panel = useRef<HTMLElement>(null);
  const [large, setLarge] = useState<Body | null>(null);
  const [menu, setMenu] = useState(false);
  const [over, setOver] = useState(false);
  const [put, setPut] = useState("");
  const { bad, role, busy, attempt, dismiss } = useAttempt(t);
  const [form, setForm] = useState(""); // "mail": the visitor wants the form; "chat": it does not; "asked": what the site asks is answered
  const [left, setLeft] = useState(""); // where the answer goes to what the visitor has just left
  const menuButton = useRef<HTMLButtonElement>(null);
  const config = room.session.config;
  const next = typeof config.next_open_at === "string" ? Date.parse(config.next_open_at) : NaN;
  const away = config.open === false;
  const here = !away && config.agents_online === true;
  const minutes = typeof config.join_seconds === "number" ? Math.round(config.join_seconds / 60) : -1;
  const status = away ? (Number.isNaN(next) ? t.closedNow : t.backAt.replace("{time}", opensAt(next, locale, t)))
    : !here ? t.nobody : minutes < 0 ? t.online : minutes < 2 ? t.joinsSoon : t.joins.replace("{minutes}", String(minutes));
  const picture = (here && p.host.settings.avatar) || p.host.settings.logo;
  const title = folded.agent !== "" && !folded.closed ? folded.agent : p.host.settings.title || t.title;

  const focus = () => setTimeout(() => panel.current!.querySelector<HTMLElement>(".composer textarea, .ask :is(input, select, textarea)")?.focus());
  useEffect(() => { if (p.open) focus(); }, [p.open]);

  const settings = p.host.settings;
  const past = folded.closed && s.last > 0;
  const lively = useRef(false); // who is here as it is closed goes on writing
  const started = (s.messages.length > 0 && !past) || room.outbox.length > 0 || uploads.list.length > 0;
  lively.current ||= s.last > 0 && !past;
  const told = config.open !== undefined; // nothing is claimed before the server has said it
  const mail = left !== "" || form === "mail" || (!started && told && form !== "chat" && !lively.current && !here && settings.offlineForm !== "never" && (away || settings.offlineForm === "away"));
  const asks = !mail && !started && !past && form !== "asked" && !room.session.asked && (settings.preChat as { name?: unknown; required?: boolean }[]).some((f) => room.session.knows(String(f.name)) === "");
  const writes = !asks && !(mail && !started);
  const part = mail || asks || folded.closed || menu || large !== null ? parts.get() : undefined;

  const handoff = (to: "human" | "bot") => attempt(() => room.api.call("POST", `/conversations/${s.conv}/handoff`, { to }));
  const drop = (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    if (writes) uploads.add([...(e.dataTransfer?.files ?? [])]);
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === "Escape" && menu) setMenu(false);
    else if (e.key === "Escape") p.close();
    if (e.key === "Tab" && matchMedia("(max-width: 520px)").matches) parts.get()?.trap(e, panel.current!);
  };
  const greeting = (
    <Greeting desk={p.desk} host={p.host} greeted={p.greeted} away={away ? (Number.isNaN(next) ? t.awayNote : t.awayUntil.replace("{time}", opensAt(next, locale, t))) : ""} started={started || asks || mail || past} />
  );
  // What a key has pressed may be gone afterwards: the focus must not fall out of the chat.
  const pressed = (e: MouseEvent) => { if (e.detail === 0) setTimeout(() => { if ((panel.current!.getRootNode() as ShadowRoot).activeElement === null) focus(); }, 99); };
  return (
    <DeskContext.Provider value={p.desk}>
      <section ref={panel} class={`panel${p.open ? "" : " shut"}${over ? " over" : ""}`} role="dialog" aria-label={t.title} hidden={!p.open} data-testid="panel" onKeyDown={keys} onClick={pressed}
        onDragOver={(e) => { if (e.dataTransfer?.types.includes("Files") === true) { e.preventDefault(); setOver(writes); } }}
        onDragLeave={(e) => { if (!panel.current!.contains(e.relatedTarget as Node | null)) setOver(false); }} onDrop={drop}>
        <header>
          {picture ? <img class="logo" src={picture} alt="" /> : <span class="logo" aria-hidden="true">{[...title][0]}</span>}
          <div class="heading"><strong>{title}</strong>{told && (here || away || folded.closed || (folded.agent === "" && !folded.withBot)) && <span class={here ? "status" : "status away"} data-testid="status">{status}</span>}</div>
          <button ref={menuButton} type="button" class="head-button" aria-label={t.more} aria-haspopup="menu" aria-expanded={menu} data-testid="menu" onClick={() => setMenu(!menu)}><Icon name="dots" /></button>
          <button type="button" class="head-button" aria-label={t.close} data-testid="close" onClick={p.close}><Icon name="close" /></button>
          {menu && part && <part.Menu folded={folded} sound={p.sound} setSound={p.setSound} attempt={attempt} handoff={handoff} close={() => { setMenu(false); menuButton.current?.focus(); }} />}
        </header>
        <Notice />
        {bad && <div class="state bad" role={role}>{bad}<button type="button" class="link" onClick={dismiss}>{t.dismiss}</button></div>}
        <List folded={folded} open={setLarge} atEnd={p.atEnd} greeting={greeting}>
          {folded.withBot && !folded.closed && s.last > 0 && <button type="button" class="chip human" data-testid="ask-human" disabled={busy} onClick={() => handoff("human")}><Icon name="person" />{t.askHuman}</button>}
          {past && put !== s.conv && (folded.rated === 0
            ? part && <part.Rating conv={s.conv} done={() => setPut(`thanks:${s.conv}`)} later={() => setPut(s.conv)} />
            : put === `thanks:${s.conv}` && <p class="thanks" role="status">{t.rateThanks}</p>)}
          {asks && part && <part.PreChat fields={settings.preChat} text={settings.preChatText} done={() => { setForm("asked"); focus(); }} />}
          {mail && part && <part.Offline text={settings.offlineText} left={left} keep={(to) => { setLeft(to); setForm("chat"); }} instead={() => { setForm("chat"); focus(); }} />}
          {!started && !mail && !asks && told && !here && <button type="button" class="chip human" data-testid="by-mail" onClick={() => setForm("mail")}>{t.byMail}</button>}
        </List>
        {writes && <Composer hint={past ? t.reopenHint : ""} sent={() => { setLeft(""); p.atEnd(true); }} />}
        {over && <div class="drop" aria-hidden="true"><Icon name="clip" />{t.drop}</div>}
        {large !== null && part && <part.Lightbox body={large} close={() => setLarge(null)} />}
        <div class="hidden" role="log" aria-live="polite">{p.announced}</div>
      </section>
    </DeskContext.Provider>
  );
}

/** What stands above the first message. */
function Greeting({ desk, host, greeted, away, started }: { desk: Desk; host: Host; greeted: string; away: string; started: boolean }) {
  const { t, room } = desk;
  const { greeting, starters } = host.settings;
  return (
    <div class={started ? "welcome small" : "welcome"}>
      {greeted ? <div class="bubble text greeted" data-testid="greeted">{greeted}</div> : <><b>{t.hello}</b><span>{away || greeting || t.helloMore}</span></>}
      {!started && starters.length > 0 && <div class="replies" role="group" aria-label={t.replies}>{starters.map((q) => <button type="button" class="chip" onClick={() => room.sendText(q)}>{q}</button>)}</div>}
    </div>
  );
}
