import { expect, test } from "vitest";
import { eventReader } from "./events.ts";

test("events are whole, whatever pieces they come in", () => {
  const stream = ': still there\n\nevent: delta\ndata: {"text":"你好"}\n\nevent: done\r\ndata: {\r\ndata: }\r\n\r\nevent: cut';
  const expected = [{ name: "delta", data: '{"text":"你好"}' }, { name: "done", data: "{\n}" }];
  expect(eventReader()(stream)).toEqual(expected);
  for (const size of [1, 2, 7]) {
    const read = eventReader();
    const got = [];
    for (let i = 0; i < stream.length; i += size) got.push(...read(stream.slice(i, i + size)));
    expect(got).toEqual(expected);
  }
});
