// Enter sends, Shift+Enter begins a new line. An input method's Enter, which chooses a word, does neither.

/**
 * Calls submit on Enter in a text box. Keyboards of phones often send no usable keydown, only the line break itself, so
 * that is caught as well.
 */
export function onEnter(box: HTMLTextAreaElement, submit: () => void): void {
  let shift = false;
  let sent = false;
  box.addEventListener("keydown", (e) => {
    shift = e.shiftKey;
    sent = e.key === "Enter" && !e.shiftKey && !e.isComposing && e.keyCode !== 229;
    if (!sent) return;
    e.preventDefault();
    submit();
  });
  box.addEventListener("beforeinput", (e) => {
    if (e.inputType !== "insertLineBreak" || shift || e.isComposing) return;
    e.preventDefault();
    if (!sent) submit();
    sent = false;
  });
}
