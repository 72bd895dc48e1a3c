/** Gives a file to the browser, which keeps it where it keeps downloads. */
export function saveFile(what: Blob, name: string): void {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(what);
  a.download = name;
  a.click();
  window.setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
