import { expect, test } from "vitest";
import { attributesOf, parseValue, showValue } from "./values.ts";

test("values come back as they were shown", () => {
  for (const v of ["gold", "", 12.5, true, [1, "a"], { a: null }, "0123", "+49 30 1234", "12345678901234567890", "{not json}"]) expect(parseValue(showValue(v))).toEqual(v);
  expect(attributesOf({ b: 1, a: 2 })).toEqual([["a", 2], ["b", 1]]);
  for (const v of [null, [], "x"]) expect(attributesOf(v)).toEqual([]);
});

test("a text stays a text, whatever it reads like", () => {
  for (const v of ["2.10", "13800138000", "true", "[1]", "{}"]) expect(parseValue(v, "gold")).toBe(v);
  expect(parseValue("2.10", "2.1")).toBe("2.10");
  expect(parseValue("2.10")).toBe("2.10"); // a new one
  expect([parseValue("13800138000"), parseValue("true"), parseValue("[1]")]).toEqual([13800138000, true, [1]]);
  expect([parseValue("2.10", 2), parseValue("false", true), parseValue("none", 2), parseValue("3", [1])]).toEqual([2.1, false, "none", 3]);
});
