// Watching the board: the rows on the screen over the live connection. While it is watched, the server tells of it in place of the inbox.

import { useCallback, useEffect, useRef, useState } from "react";
import type { Body } from "../../shared/packets.ts";
import { refresh } from "../api/query.ts";
import { useLive } from "../live/live.ts";
import { noBoard, take, windowFor, type Board } from "./board.ts";

/** The board with a filter. see says which rows are on the screen; answered is false until the server has told what is there. */
export function useBoard(filter: Body): { board: Board; answered: boolean; see: (first: number, last: number) => void } {
  const live = useLive();
  const [board, setBoard] = useState(noBoard);
  const [answered, setAnswered] = useState(false);
  const state = useRef({ board: noBoard, filter, window: windowFor(0, 30, null), again: 0 });
  const key = JSON.stringify(filter);

  const ask = useCallback(() => {
    const s = state.current;
    live.client.watchBoard(s.filter, s.window.offset, s.window.limit);
  }, [live]);

  useEffect(() => {
    const s = state.current;
    const events = live.on("event", (e) => {
      if (e.name !== "board.changed" || (Number(e.data["n"]) === 1 && Number(e.data["offset"]) !== s.window.offset)) return; // of the WATCH before
      const next = take(s.board, e.data);
      if (next === null) {
        window.clearTimeout(s.again); // not at once: whoever loses one may lose the next
        s.again = window.setTimeout(ask, 300);
        return;
      }
      s.board = next;
      setBoard(next);
      setAnswered(true);
    });
    const states = live.on("state", (x) => {
      if (x.name === "online") queueMicrotask(ask); // after what the connection itself asks for
    });
    return () => {
      events();
      states();
      window.clearTimeout(s.again);
      live.client.watchInbox();
      refresh("/conversations", "/reports/queue"); // nothing was told of them meanwhile
    };
  }, [live, ask]);

  useEffect(() => {
    const s = state.current;
    s.filter = JSON.parse(key) as Body;
    s.window = windowFor(0, 30, null);
    setAnswered(false);
    ask();
  }, [key, ask]);

  const see = useCallback((first: number, last: number) => {
    const s = state.current;
    const next = windowFor(first, last, s.window);
    if (next.offset === s.window.offset && next.limit === s.window.limit) return;
    s.window = next;
    ask();
  }, [ask]);

  return { board, answered, see };
}
