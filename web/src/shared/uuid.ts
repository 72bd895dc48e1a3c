// Identifiers that clients choose: UUIDv4 for a page load's device, UUIDv7 (RFC 9562 5.7) for conversations and messages.

/** A canonical 36-character UUID; "" stands for the nil UUID, "none". */
export type UUID = string;

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const nil = "00000000-0000-0000-0000-000000000000";

/** Reports whether s is a canonical UUID other than nil. */
export function isUUID(s: unknown): s is UUID {
  return typeof s === "string" && s !== nil && pattern.test(s);
}

function format(b: Uint8Array): UUID {
  let hex = "";
  for (const x of b) hex += x.toString(16).padStart(2, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A random UUIDv4. (crypto.randomUUID is missing on pages without TLS, getRandomValues is not.) */
export function uuidv4(): UUID {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6]! & 0x0f) | 0x40;
  b[8] = (b[8]! & 0x3f) | 0x80;
  return format(b);
}

let lastMs = 0;
let counter = 0;

/**
 * A UUIDv7 that sorts after every one made before it in this page, also within a millisecond and when the clock is set
 * back: the 12 bits of rand_a count (RFC 9562 6.2, method 1), and an overflow borrows the next millisecond.
 */
export function uuidv7(now: number = Date.now()): UUID {
  const b = crypto.getRandomValues(new Uint8Array(16));
  if (now > lastMs) {
    lastMs = now;
    counter = ((b[6]! & 0x07) << 8) | b[7]!; // starts in the lower half, so that there is room to count
  } else if (++counter > 0xfff) {
    lastMs++;
    counter = 0;
  }
  let ms = lastMs;
  for (let i = 5; i >= 0; i--) {
    b[i] = ms % 256;
    ms = Math.floor(ms / 256);
  }
  b[6] = 0x70 | (counter >> 8);
  b[7] = counter & 0xff;
  b[8] = (b[8]! & 0x3f) | 0x80;
  return format(b);
}
