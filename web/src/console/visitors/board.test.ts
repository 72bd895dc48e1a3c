import { expect, test } from "vitest";
import { noBoard, readBoard, readOpened, take, watchFilter, windowFor, writeBoard, writeOpened, type Board } from "./board.ts";

const begin = (...ids: string[]): Board => take(noBoard, { n: 1, offset: 0, total: ids.length, complete: true, rows: ids.map((id, at) => ({ id, at, name: id.toUpperCase(), pages: 1 })) })!;
const ids = (b: Board | null) => b?.rows.map((r) => r.id).join("");

test("the first event empties the list", () => {
  expect(ids(begin("a", "b"))).toBe("ab");
  expect(ids(take(begin("a", "b"), { n: 1, offset: 50, total: 1, complete: false, rows: [{ id: "z", at: 0 }] }))).toBe("z");
  expect(take(begin("a"), { n: 1, offset: 50, total: 70, complete: false })).toMatchObject({ offset: 50, total: 70, complete: false, rows: [] });
});

test("rows go, come to their place, move, and change by field", () => {
  const b = begin("a", "b", "c", "d");
  expect(ids(take(b, { n: 2, gone: ["b"] }))).toBe("acd");
  expect(ids(take(b, { n: 2, rows: [{ id: "d", at: 0 }] }))).toBe("dabc");
  expect(ids(take(b, { n: 2, gone: ["a"], rows: [{ id: "x", at: 0 }, { id: "y", at: 4 }] }))).toBe("xbcdy");
  const changed = take(b, { n: 2, rows: [{ id: "b", pages: 7 }, { id: "a", at: 3, state: "queued" }] })!;
  expect(ids(changed)).toBe("bcda");
  expect(changed.rows[0]).toMatchObject({ name: "B", pages: 7 });
  expect(changed.rows[3]).toMatchObject({ name: "A", state: "queued", pages: 1 });
  expect(b.rows[1]!.pages).toBe(1);
});

test("what was lost or does not fit is told", () => {
  const b = begin("a");
  expect(take(b, { n: 3 })).toBeNull();
  expect(take(b, { n: 2, rows: [{ id: "x", pages: 2 }] })).toBeNull();
  expect(take(b, { n: 2, rows: [{ id: "x", at: 5 }] })).toBeNull();
});

test("scrolling a little asks for nothing, far for other rows", () => {
  const first = windowFor(0, 19, null);
  expect(first).toEqual({ offset: 0, limit: 50 });
  expect(windowFor(20, 39, first)).toBe(first);
  expect(windowFor(40, 59, first)).toEqual({ offset: 25, limit: 50 });
  expect(windowFor(20_000, 20_020, null).offset).toBe(10_000);
  expect(windowFor(0, 500, null)).toEqual({ offset: 0, limit: 200 });
});

test("the address says who is looked at", () => {
  const who = { id: "0197a000-0000-7000-8000-000000000001", since: "2026-01-02T03:04:05.678Z" };
  const filter = readBoard("?q=mug&sort=pages");
  const search = writeOpened(filter, who);
  expect(readOpened(search)).toEqual(who);
  expect(readBoard(search)).toEqual(filter);
  expect(readOpened("?q=mug")).toBeNull();
  expect(readOpened("?visitor=../x")).toBeNull();
  expect(readOpened(`?visitor=${who.id}&since=soon`)).toEqual({ id: who.id, since: "" });
});

test("the address says what the board shows", () => {
  for (const s of ["", "?q=mug&state=queued&page=%2Fcart&country=DE&cart=1&sort=cart_value&order=asc"]) expect(writeBoard(readBoard(s))).toBe(s);
  expect(writeBoard(readBoard("?state=x&sort=y&country=Germany&cart=no"))).toBe("");
  expect(watchFilter(readBoard("?q=%20mug&cart=1"))).toEqual({ q: "mug", has_cart: true, sort: "since", order: "desc" });
});
