import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import type { Upload as Uploaded } from "../api/schema.ts";
import { ApiError } from "../api/client.ts";
import { upload } from "../api/upload.ts";
import { endUploads, sendUploads, useUploads } from "./uploads.ts";

vi.mock("../api/upload.ts", () => ({ upload: vi.fn() }));
const up = vi.mocked(upload);

const file = (name: string) => new File(["x"], name, { type: "text/plain" });
const kept = (name: string) => ({ id: name, url: `/api/v1/uploads/${name}`, name, size: 1, mime: "text/plain", link: {} }) as Uploaded;

beforeEach(() => {
  endUploads();
  up.mockReset();
});

test("a file that is up goes out by the connection that there is then", async () => {
  let answer: (u: Uploaded) => void = () => undefined;
  up.mockReturnValue(new Promise<unknown>((r) => { answer = r; }) as ReturnType<typeof upload>);
  const before = vi.fn(), now = vi.fn();
  sendUploads(before);
  const first = renderHook(() => useUploads("c"));
  act(() => first.result.current.add([file("a")], "internal"));
  first.unmount();
  sendUploads(now);
  await act(async () => answer(kept("a"))); // nobody shows the conversation
  expect(before).not.toHaveBeenCalled();
  expect(now).toHaveBeenCalledWith("c", "file", expect.objectContaining({ name: "a" }), "internal");
  expect(renderHook(() => useUploads("c")).result.current.list).toEqual([]);
});

test("with the session its uploads are over, those that wait too", async () => {
  up.mockImplementation(((_path: string, _form: FormData, o: { signal: AbortSignal }) => new Promise((_, no) => {
    o.signal.addEventListener("abort", () => no(new ApiError(0, "aborted", "")));
  })) as unknown as typeof upload);
  const sent = vi.fn();
  sendUploads(sent);
  const first = renderHook(() => useUploads("c"));
  act(() => first.result.current.add([file("a"), file("b")], "public"));
  first.unmount();
  await act(async () => endUploads());
  expect(up).toHaveBeenCalledTimes(1);
  const next = renderHook(() => useUploads("c"));
  expect(next.result.current.list).toEqual([]);
  up.mockResolvedValue(kept("c"));
  await act(async () => next.result.current.add([file("c")], "public"));
  expect(sent.mock.calls.map(([, , body]) => body.name)).toEqual(["c"]);
});
