// What is kept for the length of a tab, as the browser does it: it may be forbidden or full, and then holds for the page.

/** Reads a JSON value that `keepInTab` wrote. The caller checks its shape. */
export function keptInTab(key: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** Keeps a JSON value; null removes it. */
export function keepInTab(key: string, value: unknown): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // It is not worth more.
  }
}
