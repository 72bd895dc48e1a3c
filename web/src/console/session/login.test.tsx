import { MantineProvider } from "@mantine/core";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { ApiError, callOpen } from "../api/client.ts";
import { Login } from "./login.tsx";

vi.mock("../api/client.ts", async (real) => ({ ...(await real<object>()), callOpen: vi.fn() }));

beforeEach(() => void vi.mocked(callOpen).mockReset());

test("a tenant that was mistyped can be written again, and is forgotten by who starts again", async () => {
  render(<MantineProvider env="test"><Login /></MantineProvider>);
  const type = (id: string, value: string) => fireEvent.change(screen.getByTestId(id), { target: { value } });
  const press = async (status: number, code: string) => {
    vi.mocked(callOpen).mockRejectedValueOnce(new ApiError(status, code, "no"));
    await act(async () => { fireEvent.click(screen.getByTestId("login")); });
    return (vi.mocked(callOpen).mock.calls.at(-1)![1] as { body: object }).body;
  };
  const who = { email: "ada@shop.test", password: "correct horse" };
  type("email", who.email);
  type("password", who.password);
  expect(await press(409, "tenant_required")).toEqual(who);
  type("tenant", "shpo");
  expect(await press(401, "wrong_password")).toEqual({ ...who, tenant: "shpo" });
  expect(screen.getByTestId("problem").textContent).toBe("This address and password are of no account there.");
  type("tenant", "shop");
  expect(await press(401, "wrong_password")).toEqual({ ...who, tenant: "shop" });
  fireEvent.click(screen.getByText("Start again"));
  expect(await press(409, "tenant_required")).toEqual(who);
  expect((screen.getByTestId("tenant") as HTMLInputElement).value).toBe("");
});
