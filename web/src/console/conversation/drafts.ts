// What was begun to be written and not sent, by conversation: it survives looking elsewhere, and a reload. A note stays a note.

const prefix = "uniqchat:console:draft:";
const notePrefix = "uniqchat:console:draft-note:";

/** Whom a text is for: a reply is the visitor's, a note the team's. */
export type Mode = "reply" | "note";
export interface Draft { text: string; mode: Mode }

export function loadDraft(conv: string): Draft {
  try {
    return { text: sessionStorage.getItem(prefix + conv) ?? "", mode: sessionStorage.getItem(notePrefix + conv) === null ? "reply" : "note" };
  } catch {
    return { text: "", mode: "reply" };
  }
}

export function saveDraft(conv: string, { text, mode }: Draft): void {
  try {
    // The mark first, and last to go: a note without it would come back as a reply.
    if (text !== "" && mode === "note") sessionStorage.setItem(notePrefix + conv, "1");
    if (text === "") sessionStorage.removeItem(prefix + conv);
    else sessionStorage.setItem(prefix + conv, text);
    if (text === "" || mode === "reply") sessionStorage.removeItem(notePrefix + conv);
  } catch {
    // A browser that keeps nothing.
  }
}
