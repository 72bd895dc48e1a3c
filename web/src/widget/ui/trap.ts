// The focus in a panel that covers the page.

/** Keeps the focus in a panel that covers the page. */
export function trap(e: KeyboardEvent, panel: HTMLElement): void {
  const all = [...panel.querySelectorAll<HTMLElement>("button, textarea, input, select, a[href], [tabindex='0']")].filter((el) => el.getClientRects().length > 0 && !(el as HTMLButtonElement).disabled && el.tabIndex >= 0);
  const active = (panel.getRootNode() as ShadowRoot).activeElement;
  const to = e.shiftKey ? (active === all[0] ? all.at(-1) : null) : active === all.at(-1) ? all[0] : null;
  if (to === null || to === undefined) return;
  e.preventDefault();
  to.focus();
}
