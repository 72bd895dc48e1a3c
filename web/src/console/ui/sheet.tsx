// Style sheets without <style> elements.

import { useInsertionEffect } from "react";

interface Props { dangerouslySetInnerHTML?: { __html: string }; children?: string }

/** Puts CSS into the document for as long as it is mounted. It stands in for Mantine's <style> elements (build/sheets.ts). */
export function Sheet({ dangerouslySetInnerHTML, children }: Props): null {
  const css = dangerouslySetInnerHTML?.__html ?? children ?? "";
  useInsertionEffect(() => adopt(css), [css]);
  return null;
}

/** Adopts CSS; the result takes it out again. */
export function adopt(css: string): () => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet);
  };
}
