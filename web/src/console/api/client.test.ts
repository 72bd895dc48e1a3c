import { afterEach, beforeEach, expect, test, vi } from "vitest";

const tokens = (n: number) => ({ access_token: `access ${n}`, refresh_token: `refresh ${n}`, token_type: "Bearer", expires_in: 0, agent: { id: "a" }, ws_url: "" });

// A page that was loaded anew: nothing is left but what the browser keeps.
async function load() {
  vi.resetModules();
  const { access } = await import("./client.ts");
  const { keepTokens, tokens: kept } = await import("./tokens.ts");
  return { access, keepTokens: keepTokens as (t: unknown) => void, kept };
}

beforeEach(() => {
  localStorage.clear();
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request: (_: string, ...rest: unknown[]) => (rest.at(-1) as () => unknown)() } });
});
afterEach(() => vi.unstubAllGlobals());

test("a refresh whose answer was lost is asked for again with the same attempt, also by a page that was loaded anew", async () => {
  const asked: { refresh_token: string; attempt: string }[] = [];
  let answer: () => Response = () => { throw new TypeError("the tunnel"); };
  vi.stubGlobal("fetch", async (_: string, init: { body: string }) => {
    asked.push(JSON.parse(init.body));
    return answer();
  });
  let page = await load();
  page.keepTokens(tokens(1));
  await expect(page.access()).rejects.toMatchObject({ status: 0 });
  page = await load();
  answer = () => Response.json(tokens(2));
  expect((await page.access()).refresh_token).toBe("refresh 2");
  expect(page.kept()?.attempt).toBeUndefined();
  await page.access();
  expect(asked.map((b) => b.refresh_token)).toEqual(["refresh 1", "refresh 1", "refresh 2"]);
  expect(asked[0]!.attempt).toMatch(/^[0-9a-f-]{36}$/);
  expect(asked[1]!.attempt).toBe(asked[0]!.attempt);
  expect(asked[2]!.attempt).not.toBe(asked[0]!.attempt);
});
