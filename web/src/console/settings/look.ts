// How a site wants its widget, as attributes of its script.

/** What the script's attributes can say. "" is as the widget has it by default. */
export interface Look {
  locale: string;
  theme: "auto" | "light" | "dark";
  position: "right" | "left";
  color: string;
  color_to: string;
  title: string;
  greeting: string;
  logo: string;
  starters: string[];
  sound: boolean;
  triggers: boolean;
  hide_launcher: boolean;
}

export const plain: Look = { locale: "", theme: "auto", position: "right", color: "", color_to: "", title: "", greeting: "", logo: "", starters: [], sound: true, triggers: false, hide_launcher: false };

const escape = (s: string) => s.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/[\r\n]+/g, " ");
const hex = /^#[0-9a-f]{6}$/i;

/** The lines to paste into every page of a site. */
export function snippet(server: string, key: string, look: Look): string {
  const attributes: [string, string][] = [["data-site-key", key]];
  const add = (name: string, value: string) => {
    if (value !== "") attributes.push([`data-${name}`, value]);
  };
  add("locale", look.locale);
  if (look.theme !== "auto") add("theme", look.theme);
  if (look.position !== "right") add("position", look.position);
  add("title", look.title.trim());
  add("greeting", look.greeting.trim());
  add("logo", look.logo.trim());
  add("starters", look.starters.map((x) => x.replaceAll("|", " ").trim()).filter((x) => x !== "").join("|"));
  if (!look.sound) add("sound", "off");
  const flags = [...(look.triggers ? [" data-triggers"] : []), ...(look.hide_launcher ? [" data-hide-launcher"] : [])].join("");
  const script = `<script src="${escape(server)}/widget.js"${attributes.map(([n, v]) => ` ${n}="${escape(v)}"`).join("")}${flags} async></script>`;
  const colours = [...(hex.test(look.color) ? [`--uniqchat-color: ${look.color};`] : []), ...(hex.test(look.color_to) ? [`--uniqchat-color-2: ${look.color_to};`] : []), ...(hex.test(look.color) ? [`--uniqchat-on-color: ${onColour(look.color)};`] : [])];
  return colours.length === 0 ? script : `<style>:root { ${colours.join(" ")} }</style>\n${script}`;
}

/** A colour's relative luminance (WCAG 2). */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** How well two colours are told apart, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** White or nearly black, whichever is easier to read on a colour. */
export function onColour(colour: string): string {
  return !hex.test(colour) || contrast(colour, "#ffffff") >= contrast(colour, "#15181b") ? "#ffffff" : "#15181b";
}
