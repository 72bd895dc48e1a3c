// The calls of window.uniqchat, as they are kept and handed on.

import type { Call } from "./host.ts";

/** A call as JSON: other tabs and the server take nothing else, and the page may change what it gave. */
export function plain(call: Call): Call {
  try {
    return JSON.parse(JSON.stringify(call)) as Call;
  } catch (e) {
    console.error("uniqchat", e);
    return call.filter((x) => typeof x === "string");
  }
}
