import { expect, test } from "vitest";
import { attributesOf, parseValue, showValue } from "./values.ts";

test("values come back as they were shown", () => {
  for (const v of ["gold", "", 12.5, true, [1, "a"], { a: null }, "0123", "+49 30 1234", "12345678901234567890", "{not json}"]) expect(parseValue(showValue(v))).toEqual(v);
  expect(attributesOf({ b: 1, a: 2 })).toEqual([["a", 2], ["b", 1]]);
  for (const v of [null, [], "x"]) expect(attributesOf(v)).toEqual([]);
});
