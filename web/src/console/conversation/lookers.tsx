// Who else has this conversation on the screen, so that two do not answer at once.

import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { say, useTexts } from "../i18n/index.ts";
import { useNames } from "../inbox/names.ts";
import { useLive } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import css from "./conversation.module.css";

const none: readonly string[] = [];

/** The other agents who look at a conversation; to be called before it is joined, which they answer. Whoever is offline has stopped, whatever was heard of him. */
export function useLookers(conv: string): readonly string[] {
  const live = useLive();
  const [all, setAll] = useState(none);
  useEffect(() => {
    const ends = [
      live.on("event", (e) => {
        const agent = String(e.data["agent_id"]);
        if (e.name === "conversation.looking" && e.conv === conv) setAll((was) => [...was.filter((x) => x !== agent), ...(e.data["looking"] === true ? [agent] : none)]);
        if (e.name === "agent.status" && e.data["state"] === "offline") setAll((was) => (was.includes(agent) ? was.filter((x) => x !== agent) : was));
      }),
      live.on("state", () => setAll(none)), // they say so again
      live.on("leftOut", () => setAll(none)), // likewise
    ];
    return () => {
      for (const end of ends) end();
      setAll(none);
    };
  }, [live, conv]);
  return all;
}

export function Lookers({ all }: { all: readonly string[] }) {
  const t = useTexts();
  const names = useNames();
  if (all.length === 0) return null;
  const words = say(t.conversation.looking, { names: all.map((a) => names.agent(a) || t.conversation.agent).join(", ") });
  return (
    <Tooltip label={words}>
      <span className={css.lookers} role="img" aria-label={words} data-testid="lookers">
        {all.slice(0, 3).map((a) => <Avatar key={a} name={names.agent(a)} id={a} size={24} />)}
        {all.length > 3 && <b>+{all.length - 3}</b>}
      </span>
    </Tooltip>
  );
}
