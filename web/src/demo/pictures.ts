// The products' pictures: flat drawings as SVG, coloured by classes so that they follow the page's light and dark.

const namespace = "http://www.w3.org/2000/svg";

/** [element, class, attributes]: enough for drawings this simple. */
type Shape = readonly [tag: "path" | "circle" | "ellipse" | "rect", tone: string, attributes: Readonly<Record<string, string | number>>];

const path = (tone: string, d: string): Shape => ["path", tone, { d }];
const ellipse = (tone: string, cx: number, cy: number, rx: number, ry: number): Shape => ["ellipse", tone, { cx, cy, rx, ry }];
const rect = (tone: string, x: number, y: number, width: number, height: number, rx = 0): Shape => ["rect", tone, { x, y, width, height, rx }];

const floor = ellipse("shade", 100, 168, 62, 7);

const drawings: Readonly<Record<string, readonly Shape[]>> = {
  mug: [
    floor, path("a-line", "M132 88c26-4 34 14 26 32-5 12-16 18-30 18"),
    path("a", "M56 70h80v62c0 22-12 34-40 34s-40-12-40-34z"), path("b", "M56 70h80v26c-14 10-26-4-40 4s-26 8-40-2z"),
    ellipse("a-dark", 96, 70, 40, 9), ellipse("c", 96, 71, 33, 6),
  ],
  bagName: [
    floor, path("b-line", "M74 82c0-44 52-44 52 0"), path("b", "M48 78h104l-8 84c0 4-3 6-7 6H63c-4 0-7-2-7-6z"),
    path("b-dark", "M48 78h104l-1.500 16H49.500z"), ["circle", "a", { cx: 100, cy: 126, r: 19 }], path("c", "M91 126c4-10 14-12 19-9-1 9-8 16-19 9z"),
  ],
  lamp: [
    floor, rect("c-dark", 66, 156, 68, 11, 5), path("c-line", "M100 158 84 108l34-40"),
    path("glow", "M118 74l48 30-74 34z"), path("a", "M100 58l34-20 24 40-56 16z"), ["circle", "c-dark", { cx: 84, cy: 108, r: 6 }],
  ],
  plant: [
    floor, path("c-line", "M100 124V70"), path("c", "M100 104C70 104 58 84 60 66c24 0 40 14 40 38z"), path("c-dark", "M100 92c0-26 14-44 40-46 4 24-12 46-40 46z"),
    path("c", "M100 70c-14-10-16-28-4-42 12 12 14 30 4 42z"), path("b", "M68 120h64l-7 42c-1 4-3 6-7 6H82c-4 0-6-2-7-6z"), rect("b-dark", 64, 114, 72, 13, 4),
  ],
  shoes: [
    floor, path("a", "M34 150c-2-22 2-44 8-54 12 8 26 8 36-4 12 26 34 36 66 40 16 2 24 10 22 22z"), rect("c", 32, 148, 136, 15, 7),
    path("b", "M78 92c-10 12-24 12-36 4l-4 16c14 6 32 4 46-8z"), path("c-line", "M88 112l14-10M100 122l13-11M114 130l12-11"),
  ],
  book: [
    floor, path("a-dark", "M54 48c0-6 4-10 10-10h82v120H64c-6 0-10 4-10 8z"), path("c", "M60 158c0-5 4-8 9-8h77v13H66c-4 0-6-2-6-5z"),
    path("a", "M54 48c0-6 4-10 10-10h82v112H66c-7 0-12 3-12 10z"), rect("b", 128, 38, 7, 112), rect("c", 70, 62, 44, 26, 3),
  ],
};

/** The drawing of a product, as decoration beside its name. */
export function picture(name: string): SVGSVGElement {
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 200 200");
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, tone, attributes] of drawings[name] ?? []) {
    const el = document.createElementNS(namespace, tag);
    el.setAttribute("class", tone);
    for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, String(value));
    svg.append(el);
  }
  return svg;
}
