import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import type { Upload as Uploaded } from "../api/schema.ts";
import { ApiError } from "../api/client.ts";
import { upload } from "../api/upload.ts";
import { endUploads, useUploads } from "./uploads.ts";

vi.mock("../api/upload.ts", () => ({ upload: vi.fn() }));
const up = vi.mocked(upload);

const file = (name: string) => new File(["x"], name, { type: "text/plain" });
const kept = (name: string) => ({ id: name, url: `/api/v1/uploads/${name}`, name, size: 1, mime: "text/plain", link: {} }) as Uploaded;

beforeEach(() => {
  endUploads();
  up.mockReset();
});

test("a file that is up is told to whoever shows the conversation now", async () => {
  let answer: (u: Uploaded) => void = () => undefined;
  up.mockReturnValue(new Promise<unknown>((r) => { answer = r; }) as ReturnType<typeof upload>);
  const before = vi.fn(), now = vi.fn();
  const first = renderHook(() => useUploads("c", before));
  act(() => first.result.current.add([file("a")], "internal"));
  first.unmount();
  const second = renderHook(() => useUploads("c", now));
  expect(second.result.current.list).toHaveLength(1);
  await act(async () => answer(kept("a")));
  expect(before).not.toHaveBeenCalled();
  expect(now).toHaveBeenCalledWith("file", expect.objectContaining({ name: "a" }), "internal");
});

test("with the session its uploads are over, those that wait too", async () => {
  up.mockImplementation(((_path: string, _form: FormData, o: { signal: AbortSignal }) => new Promise((_, no) => {
    o.signal.addEventListener("abort", () => no(new ApiError(0, "aborted", "")));
  })) as unknown as typeof upload);
  const before = vi.fn(), now = vi.fn();
  const first = renderHook(() => useUploads("c", before));
  act(() => first.result.current.add([file("a"), file("b")], "public"));
  first.unmount();
  await act(async () => endUploads());
  expect(up).toHaveBeenCalledTimes(1);
  const next = renderHook(() => useUploads("c", now));
  expect(next.result.current.list).toEqual([]);
  up.mockResolvedValue(kept("c"));
  await act(async () => next.result.current.add([file("c")], "public"));
  expect(before).not.toHaveBeenCalled();
  expect(now).toHaveBeenCalledTimes(1);
});
