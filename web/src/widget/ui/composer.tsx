// Where the visitor writes: text, emoji and files.

import { useEffect, useRef, useState } from "preact/hooks";
import { load, save } from "../../shared/browser.ts";
import { onEnter } from "../../shared/enter.ts";
import { format } from "../../shared/i18n/index.ts";
import { useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";

const tallest = 132;
const most = 8000; // characters of a message

export function Composer({ hint, sent }: { hint: string; sent(): void }) {
  const { room, uploads, parts, t } = useDesk();
  const box = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const [size, setSize] = useState(0);
  const long = size > most;
  const [picking, setPicking] = useState(false);
  const picker = picking ? parts.get() : undefined;
  const key = room.session.draft;

  const fit = () => {
    const el = box.current!;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, tallest)}px`;
    setSize(el.value.trim().length);
  };
  const submit = () => {
    const el = box.current!;
    const { length } = el.value.trim();
    if (!length || length > most) return;
    room.sendText(el.value);
    el.value = "";
    save(key, null);
    fit();
    setPicking(false);
    sent();
  };
  const latest = useRef(submit);
  latest.current = submit;
  useEffect(() => {
    onEnter(box.current!, () => latest.current());
    const draft = load(key);
    if (typeof draft === "string" && !box.current!.value) box.current!.value = draft;
    fit();
  }, []);
  const put = (emoji: string) => {
    const el = box.current!;
    el.setRangeText(emoji, el.selectionStart, el.selectionEnd, "end");
    el.dispatchEvent(new Event("input", { bubbles: true }));
    el.focus();
  };
  const paste = (e: ClipboardEvent) => {
    const from = e.clipboardData!;
    const pasted = [...from.files];
    if (pasted.length === 0 || (from.getData("text/html") && from.getData("text/plain"))) return; // text that brings a picture of itself
    e.preventDefault();
    uploads.add(pasted);
    sent();
  };
  const written = () => {
    room.written(box.current!.value);
    const { value } = box.current!;
    save(key, value.length < 2 * most && value || null); // the room is the shop's
    fit();
  };
  return (
    <div class="foot">
      <p class={long ? "hint bad" : "hint"} role="status">{long ? format(t.tooLong, { size, most }) : hint}</p>
      {picker && <picker.EmojiPicker pick={put} close={() => { setPicking(false); box.current!.focus(); }} />}
      <form class="composer" onSubmit={(e) => { e.preventDefault(); submit(); box.current!.focus(); }}>
        <textarea ref={box} rows={1} placeholder={t.write} aria-label={t.message} aria-invalid={long} data-testid="input" enterkeyhint="send" onInput={written} onPaste={paste} />
        <div class="tools">
          <button type="button" class="tool" aria-label={t.emoji} aria-expanded={picking} data-testid="emoji" onClick={() => setPicking(!picking)}><Icon name="smile" /></button>
          <button type="button" class="tool" aria-label={t.attach} data-testid="attach" onClick={() => files.current!.click()}><Icon name="clip" /></button>
          <input ref={files} type="file" multiple hidden data-testid="files" tabIndex={-1}
            onChange={() => { uploads.add([...(files.current!.files ?? [])]); files.current!.value = ""; sent(); }} />
          <button type="submit" class="send" disabled={!size || long} aria-label={t.send} data-testid="send"><Icon name="send" /></button>
        </div>
      </form>
    </div>
  );
}
