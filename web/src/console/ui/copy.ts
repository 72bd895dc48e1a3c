// Copying to the clipboard, on pages without https too.

import { notifications } from "@mantine/notifications";
import { useEffect, useRef, useState } from "react";
import { words } from "../i18n/index.ts";

/** Puts a text into the clipboard, and tells if that cannot be done. To be called right when somebody presses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text); // pages without https have no such thing
    return true;
  } catch {
    if (copyOldWay(text)) return true;
    notifications.show({ color: "red", message: words().shell.notCopied });
    return false;
  }
}

/** Copies something that is selected for just that moment: the focus stays where it is, as menus and dialogs need it to. */
function copyOldWay(text: string): boolean {
  const shown = document.createElement("span");
  shown.textContent = text;
  Object.assign(shown.style, { position: "fixed", top: "0", whiteSpace: "pre", userSelect: "text", clipPath: "inset(50%)" });
  shown.addEventListener("copy", (e) => {
    e.stopPropagation();
    e.preventDefault();
    e.clipboardData?.setData("text/plain", text);
  });
  document.body.append(shown);
  const selection = getSelection();
  const before = selection !== null && selection.rangeCount > 0 ? selection.getRangeAt(0) : null;
  const range = document.createRange();
  range.selectNodeContents(shown);
  selection?.removeAllRanges();
  selection?.addRange(range);
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    shown.remove();
    selection?.removeAllRanges();
    if (before !== null) selection?.addRange(before);
  }
}

/** Copies a text when it is pressed; copied for a moment once that was done. */
export function useCopy(text: string): { copied: boolean; copy: () => void } {
  const [copied, setCopied] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const copy = () => {
    void copyText(text).then((ok) => {
      setCopied(ok);
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => setCopied(false), 1600);
    });
  };
  return { copied, copy };
}
