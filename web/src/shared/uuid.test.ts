import assert from "node:assert/strict";
import { test } from "node:test";
import { isUUID, uuidv4, uuidv7 } from "./uuid.ts";

test("uuidv7 grows, also within a millisecond and when the clock goes back", () => {
  let last = "";
  for (let i = 0; i < 20_000; i++) {
    const id = uuidv7(1_900_000_000_000 - Math.floor(i / 9000) * 1000);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(id > last, `${id} after ${last}`);
    last = id;
  }
  assert.equal(parseInt(uuidv7(2_000_000_000_000).replaceAll("-", "").slice(0, 12), 16), 2_000_000_000_000);
});

test("uuidv4 has its version and variant", () => {
  assert.match(uuidv4(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(isUUID(uuidv4()));
  assert.ok(!isUUID("00000000-0000-0000-0000-000000000000"));
  assert.ok(!isUUID("x"));
});
