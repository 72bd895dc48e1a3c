// QR codes (ISO/IEC 18004): bytes, error correction M, versions 1 to 10, which is enough for an otpauth:// address.

/** Per version: error correction codewords of a block, and how many blocks there are of how many data codewords. */
const shapes: readonly (readonly [number, readonly (readonly [number, number])[]])[] = [
  [10, [[1, 16]]], [16, [[1, 28]]], [26, [[1, 44]]], [18, [[2, 32]]], [24, [[2, 43]]], [16, [[4, 27]]], [18, [[4, 31]]], [22, [[2, 38], [2, 39]]], [22, [[3, 36], [2, 37]]], [26, [[4, 43], [1, 44]]],
];
/** Where alignment patterns stand, from version 2 on. */
const aligned: readonly (readonly number[])[] = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

const exp = new Uint8Array(512), log = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  exp[i] = exp[i + 255] = x;
  log[x] = i;
  x = x << 1 ^ (x >= 128 ? 0x11d : 0);
}
const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : exp[log[a]! + log[b]!]!);

/** The Reed-Solomon codewords of a block. */
function correction(data: readonly number[], n: number): number[] {
  let generator = [1];
  for (let i = 0; i < n; i++) generator = [...generator, 0].map((c, j) => c ^ times(generator[j - 1] ?? 0, exp[i]!));
  const rest = [...data, ...Array<number>(n).fill(0)];
  for (let i = 0; i < data.length; i++) {
    const f = rest[i]!;
    for (let j = 1; j <= n; j++) rest[i + j]! ^= times(generator[j]!, f);
  }
  return rest.slice(data.length);
}

/** The codewords of a text, blocks woven into each other; null if it is too long. */
function codewords(text: string): { version: number; words: number[] } | null {
  const bytes = [...new TextEncoder().encode(text)];
  const room = (v: number) => shapes[v - 1]![1].reduce((n, [count, size]) => n + count * size, 0);
  const head = (v: number) => (v < 10 ? 12 : 20); // bits: mode and length
  const version = shapes.findIndex((_, i) => head(i + 1) + bytes.length * 8 <= room(i + 1) * 8) + 1;
  if (version === 0) return null;
  let bits = "0100" + bytes.length.toString(2).padStart(head(version) - 4, "0") + bytes.map((b) => b.toString(2).padStart(8, "0")).join("");
  bits += "0".repeat(Math.min(4, room(version) * 8 - bits.length));
  bits += "0".repeat((8 - bits.length % 8) % 8);
  const data = bits.match(/.{8}/g)!.map((b) => parseInt(b, 2));
  for (let i = 0; data.length < room(version); i++) data.push(i % 2 === 0 ? 0xec : 0x11);
  const [n, groups] = shapes[version - 1]!;
  const blocks: number[][] = [];
  for (const [count, size] of groups) for (let i = 0; i < count; i++) blocks.push(data.splice(0, size));
  const checks = blocks.map((b) => correction(b, n));
  const weave = (all: number[][]) => Array.from({ length: Math.max(...all.map((b) => b.length)) }, (_, i) => all.flatMap((b) => (i < b.length ? [b[i]!] : []))).flat();
  return { version, words: [...weave(blocks), ...weave(checks)] };
}

const masks: readonly ((r: number, c: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0, (r) => r % 2 === 0, (_, c) => c % 3 === 0, (r, c) => (r + c) % 3 === 0, (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => r * c % 2 + r * c % 3 === 0, (r, c) => (r * c % 2 + r * c % 3) % 2 === 0, (r, c) => ((r + c) % 2 + r * c % 3) % 2 === 0,
];

/** A value with the rest of a BCH code behind it. */
function bch(value: number, generator: number, n: number): number {
  let rest = value << n;
  for (let i = Math.floor(Math.log2(rest || 1)); i >= n; i--) if (rest >> i & 1) rest ^= generator << i - n;
  return value << n | rest;
}

type Grid = (boolean | undefined)[][];

/** Everything but data and format: undefined is where they go. */
function frame(version: number): Grid {
  const size = 17 + 4 * version;
  const g: Grid = Array.from({ length: size }, () => Array<boolean | undefined>(size).fill(undefined));
  const put = (r: number, c: number, dark: boolean) => {
    if (r >= 0 && c >= 0 && r < size && c < size) g[r]![c] = dark;
  };
  for (const [r0, c0] of [[0, 0], [0, size - 7], [size - 7, 0]] as const) {
    for (let r = -1; r < 8; r++) for (let c = -1; c < 8; c++) put(r0 + r, c0 + c, Math.max(Math.abs(r - 3), Math.abs(c - 3)) !== 2 && Math.max(Math.abs(r - 3), Math.abs(c - 3)) < 4);
  }
  for (const r of aligned[version - 1]!) for (const c of aligned[version - 1]!) {
    if (g[r]![c] !== undefined) continue;
    for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) put(r + y, c + x, Math.max(Math.abs(y), Math.abs(x)) !== 1);
  }
  for (let i = 8; i < size - 8; i++) {
    g[6]![i] = i % 2 === 0;
    g[i]![6] = i % 2 === 0;
  }
  if (version >= 7) {
    const v = bch(version, 0x1f25, 12);
    for (let i = 0; i < 18; i++) {
      const dark = (v >> i & 1) === 1, a = Math.floor(i / 3), b = size - 11 + i % 3;
      g[a]![b] = dark;
      g[b]![a] = dark;
    }
  }
  return g;
}

function format(g: Grid, mask: number): void {
  const size = g.length;
  const bits = bch(mask, 0x537, 10) ^ 0x5412; // level M is 00
  for (let i = 0; i < 15; i++) {
    const dark = (bits >> i & 1) === 1;
    const [r, c] = i < 6 ? [i, 8] : i < 8 ? [i + 1, 8] : i === 8 ? [8, 7] : [8, 14 - i];
    g[r]![c] = dark;
    if (i < 8) g[8]![size - 1 - i] = dark;
    else g[size - 15 + i]![8] = dark;
  }
  g[size - 8]![8] = true;
}

/** How hard a grid is to read: long runs, blocks, and too much of one colour. */
function burden(g: Grid): number {
  const size = g.length;
  let sum = 0, dark = 0;
  for (let r = 0; r < size; r++) {
    for (const at of [(i: number) => g[r]![i], (i: number) => g[i]![r]]) {
      let run = 1;
      for (let i = 1; i <= size; i++) {
        if (i < size && at(i) === at(i - 1)) run++;
        else {
          if (run >= 5) sum += run - 2;
          run = 1;
        }
      }
    }
    for (let c = 0; c < size; c++) {
      if (g[r]![c] === true) dark++;
      if (r > 0 && c > 0 && g[r]![c] === g[r - 1]![c] && g[r]![c] === g[r]![c - 1] && g[r]![c] === g[r - 1]![c - 1]) sum += 3;
    }
  }
  return sum + Math.floor(Math.abs(dark * 20 / (size * size) - 10)) * 10;
}

/** A text's QR code: rows of dark and light; null if it is too long for one of these. */
export function qr(text: string): boolean[][] | null {
  const made = codewords(text);
  if (made === null) return null;
  let best: Grid | null = null;
  for (let mask = 0; mask < masks.length; mask++) {
    const g = frame(made.version);
    format(g, 0); // its places are taken
    const taken = g.map((row) => row.map((x) => x !== undefined));
    let n = 0;
    for (let right = g.length - 1, up = true; right > 0; right -= 2, up = !up) {
      if (right === 6) right = 5;
      for (let i = 0; i < g.length; i++) for (const c of [right, right - 1]) {
        const r = up ? g.length - 1 - i : i;
        if (taken[r]![c] === true) continue;
        const bit = ((made.words[n >> 3] ?? 0) >> 7 - n % 8 & 1) === 1;
        g[r]![c] = bit !== masks[mask]!(r, c);
        n++;
      }
    }
    format(g, mask);
    if (best === null || burden(g) < burden(best)) best = g;
  }
  return best!.map((row) => row.map((x) => x === true));
}

/** As the path of an SVG, a module being 1 x 1. */
export function path(code: readonly (readonly boolean[])[]): string {
  return code.flatMap((row, r) => row.flatMap((dark, c) => (dark ? [`M${c} ${r}h1v1h-1z`] : []))).join("");
}
