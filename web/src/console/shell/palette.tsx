// The command palette: every command, and the conversations that a word finds.

import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { IconArrowRight, IconBolt, IconMessage, IconSearch } from "../ui/icons.ts";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { usePages } from "../api/query.ts";
import { useTexts } from "../i18n/index.ts";
import { addressOf } from "../inbox/filters.ts";
import { visitorName } from "../inbox/names.ts";
import { lastText } from "../inbox/row.tsx";
import { fittingCommands, useAllCommands } from "./commands.ts";
import { Keys } from "./help.tsx";
import css from "./shell.module.css";

const most = 6;

const [store, opening] = createSpotlight();

/** palette opens and closes it. */
export const palette = opening;

/** chooseFirst chooses the first line, if none is: Mantine does so when a word is typed, and conversations come later. */
function chooseFirst() {
  const list = document.getElementById(store.getState().listId);
  if (list === null || list.querySelector("[data-selected]") !== null) return;
  list.querySelector("[data-action]")?.setAttribute("data-selected", "true");
  store.updateState((state) => ({ ...state, selected: 0 }));
}

export function Palette() {
  const t = useTexts();
  const [, go] = useLocation();
  const [word, setWord] = useState("");
  const [wanted] = useDebouncedValue(word.trim(), 200);
  const commands = useAllCommands().filter((c) => c.hidden !== true);
  const found = usePages("/conversations", { query: { q: wanted, limit: most } }, { enabled: wanted.length > 1, keep: true });
  const fitting = fittingCommands(commands, word);
  const conversations = wanted.length > 1 ? found.items.slice(0, most) : [];
  useEffect(() => {
    if (fitting.length === 0 && conversations.length > 0) chooseFirst();
  });
  return (
    <Spotlight.Root store={store} query={word} onQueryChange={setWord} shortcut={null} scrollable maxHeight={420} lockScroll={false} zIndex={400} centered={false} yOffset="14vh" overlayProps={{ backgroundOpacity: .4, blur: 0 }} attributes={{ content: { "aria-label": t.shell.keyPalette } }}>
      <Spotlight.Search placeholder={t.shell.palette} leftSection={<IconSearch size={17} />} aria-label={t.shell.palette} />
      <Spotlight.ActionsList>
        {fitting.length > 0 && <Spotlight.ActionsGroup label={t.shell.actions}>
          {fitting.map((c) => (
            <Spotlight.Action key={c.id} onClick={c.run} label={c.name} leftSection={c.group === "general" ? <IconArrowRight size={16} /> : <IconBolt size={16} />} rightSection={c.keys === undefined ? null : <Keys keys={c.keys} />} />
          ))}
        </Spotlight.ActionsGroup>}
        {conversations.length > 0 && <Spotlight.ActionsGroup label={t.shell.people}>
          {conversations.map((c) => (
            <Spotlight.Action key={c.id} onClick={() => go(addressOf(c))} leftSection={<IconMessage size={16} />}>
              <span className={css.found}><b>{visitorName(c, t)}</b><span dir="auto">{c.match?.snippet ?? lastText(c, t)}</span></span>
            </Spotlight.Action>
          ))}
        </Spotlight.ActionsGroup>}
        {fitting.length === 0 && conversations.length === 0 && <Spotlight.Empty>{t.shell.paletteEmpty}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
