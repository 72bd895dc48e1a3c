import { QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call } from "../api/client.ts";
import { cache } from "../api/query.ts";
import { Content } from "./bodies.tsx";
import { heldFor } from "./link.ts";

vi.mock("../api/client.ts", async (real) => ({ ...(await real<object>()), call: vi.fn() }));

const minute = 60_000;
const id = "0197a000-0000-7000-8000-000000000001";
let n = 0;

beforeEach(() => {
  n = 0;
  vi.useFakeTimers();
  vi.mocked(call).mockImplementation((async () => ({ url: `/files/${++n}`, expires_at: new Date(Date.now() + 15 * minute).toISOString() })) as never);
});
afterEach(() => {
  cache.clear();
  vi.useRealTimers();
});

async function shown() {
  render(<QueryClientProvider client={cache}><Content kind="file" body={{ url: `/api/v1/uploads/${id}`, name: "a.txt", size: 3 }} /></QueryClientProvider>);
  await act(() => vi.advanceTimersByTimeAsync(10));
  return () => screen.getByTestId("file").getAttribute("href");
}

test("a file's link is renewed before it is over, for as long as it is shown", async () => {
  const href = await shown();
  expect(href()).toBe("/files/1");
  await act(() => vi.advanceTimersByTimeAsync(14 * minute));
  expect(href()).toBe("/files/2");
  await act(() => vi.advanceTimersByTimeAsync(14 * minute));
  expect(href()).toBe("/files/3");
});

test("a click on a link that is too old asks for another one first", async () => {
  const href = await shown();
  const opened: string[] = [], followed: boolean[] = [];
  const end = new AbortController();
  window.addEventListener("click", (e) => { followed.push(!e.defaultPrevented); e.preventDefault(); }, { signal: end.signal });
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) { opened.push(`${this.getAttribute("href")} ${this.target} ${this.download}`); });
  fireEvent.click(screen.getByTestId("file"));
  vi.setSystemTime(Date.now() + 60 * minute); // asleep
  fireEvent.click(screen.getByTestId("file"));
  expect(followed).toEqual([true, false]);
  await act(() => vi.advanceTimersByTimeAsync(10));
  end.abort();
  expect(opened).toEqual(["/files/2 _blank a.txt"]);
  expect(href()).toBe("/files/2");
});

test("how long a link is used", () => {
  const link = (life: number) => ({ expires_at: new Date(life).toISOString() });
  expect(heldFor(link(3 * minute), 0)).toBe(2 * minute);
  expect(heldFor(link(60 * minute), 0)).toBe(10 * minute);
  expect(heldFor(link(0), 60 * minute)).toBe(10 * minute); // a clock that is fast
});
