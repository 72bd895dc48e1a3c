// What was begun to be written and not sent, by conversation: it survives looking elsewhere, and a reload.

const prefix = "uniqchat:console:draft:";

export function loadDraft(conv: string): string {
  try {
    return sessionStorage.getItem(prefix + conv) ?? "";
  } catch {
    return "";
  }
}

export function saveDraft(conv: string, text: string): void {
  try {
    if (text === "") sessionStorage.removeItem(prefix + conv);
    else sessionStorage.setItem(prefix + conv, text);
  } catch {
    // A browser that keeps nothing.
  }
}
