// Text with links. Text is only ever text.

import { pieces } from "../text.ts";

export function Rich({ text }: { text: string }) {
  return <>{pieces(text).map((p) => (p.href === "" ? p.text : <a href={p.href} target="_blank" rel="noopener noreferrer nofollow ugc">{p.text}</a>))}</>;
}
