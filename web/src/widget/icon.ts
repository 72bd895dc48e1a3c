// The icons of the button, made without a library.

export function icon(name: string, ...paths: string[]): SVGSVGElement {
  const make = (tag: string, attributes: Record<string, string>) => {
    const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const k in attributes) el.setAttribute(k, attributes[k]!);
    return el;
  };
  const svg = make("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.9", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: `l-${name}` });
  svg.append(...paths.map((d) => make("path", { d })));
  return svg as SVGSVGElement;
}
