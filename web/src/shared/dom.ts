// A few lines over the DOM. Text is only ever set as text, never as HTML.

type Child = Node | string | null | undefined | false;
type Props = { readonly [name: string]: unknown };

/** Attributes that are properties: setting them as attributes would set only their defaults. */
const properties = new Set(["value", "checked", "disabled", "hidden", "textContent"]);

/**
 * Creates an element. Props: `class`, attributes by name, `on<event>` listeners, and a few DOM properties; null, undefined
 * and false leave an attribute out, true sets it empty.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props: Props = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  setProps(el, props);
  append(el, children);
  return el;
}

function setProps(el: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on") && typeof value === "function") el.addEventListener(name.slice(2), value as EventListener);
    else if (properties.has(name)) (el as unknown as Record<string, unknown>)[name] = value;
    else if (value === true) el.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) el.setAttribute(name, String(value));
  }
}

function append(el: Element, children: readonly Child[]): void {
  for (const c of children) if (c !== null && c !== undefined && c !== false) el.append(c);
}

/** Replaces what an element holds. */
export function fill(el: Element, ...children: Child[]): void {
  el.replaceChildren();
  append(el, children);
}

const svgNamespace = "http://www.w3.org/2000/svg";

/** A 24x24 line icon from path data. Decoration: hidden from screen readers. */
export function icon(...paths: string[]): SVGSVGElement {
  const svg = document.createElementNS(svgNamespace, "svg");
  for (const [k, v] of Object.entries({
    viewBox: "0 0 24 24", width: "24", height: "24", fill: "none", stroke: "currentColor", "stroke-width": "1.8",
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: "icon",
  })) svg.setAttribute(k, v);
  for (const d of paths) {
    const path = document.createElementNS(svgNamespace, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/**
 * Brings a list of elements into the given order with as few moves as possible, so that what a person selects, reads or
 * focuses is not torn away by an update.
 */
export function arrange(parent: Element, wanted: readonly Element[]): void {
  const keep = new Set<Element>(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const el of wanted) {
    if (el === at) at = at.nextElementSibling;
    else parent.insertBefore(el, at);
  }
}
