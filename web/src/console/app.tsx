// Who is logged in sees the shell with a page in it; who is not, the log-in.

import { useMediaQuery } from "@mantine/hooks";
import { Notifications } from "@mantine/notifications";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { cache } from "./api/query.ts";
import type { Agent } from "./api/schema.ts";
import { tokens, watchTokens } from "./api/tokens.ts";
import { endUploads, sendUploads } from "./conversation/uploads.ts";
import { Live, LiveContext } from "./live/live.ts";
import { Login } from "./session/login.tsx";
import { Shell } from "./shell/shell.tsx";

let seen = "";

/** Who somebody is and what it may see: what was read as another one is forgotten. */
function sight(a: Agent): string {
  const now = [a.id, a.role, ...a.teams].join(" ");
  if (seen !== "" && now !== seen) cache.clear();
  return (seen = now);
}

export function App() {
  const session = useSyncExternalStore(watchTokens, tokens);
  const phone = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  return (
    <>
      <Notifications position={phone ? "top-center" : "bottom-right"} /* on a phone the tabs are at the bottom */ limit={4} autoClose={4000} />
      {session === null ? <Login /> : <Desk key={sight(session.agent)} />}
    </>
  );
}

/** One agent's session: a live connection, and what was read over it. */
function Desk() {
  const live = useMemo(() => new Live(), []);
  useEffect(() => {
    live.start();
    sendUploads((...m) => live.client.send(...m));
    return () => {
      live.stop();
      if (tokens()?.agent.id !== live.me.id) endUploads();
      if (tokens() === null) cache.clear(); // the next one to log in here is somebody else
    };
  }, [live]);
  return <LiveContext value={live}><Shell /></LiveContext>;
}
