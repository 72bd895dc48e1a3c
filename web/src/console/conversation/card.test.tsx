import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { words } from "../i18n/index.ts";
import { cardBody, cardErrors, noCard } from "./card.ts";
import { CardModal } from "./card.tsx";

test("what is wrong with a card stands at its field", () => {
  const t = words();
  const wrong = (d: Partial<typeof noCard>) => Object.keys(cardErrors({ ...noCard, title: "Lamp", ...d }, t));
  expect(wrong({})).toEqual([]);
  expect(wrong({ title: " " })).toEqual(["title"]);
  for (const url of ["javascript:alert(1)", "shop.example", "//shop.example", "https://a:b@shop.example"]) expect(wrong({ url, image: url })).toEqual(["url", "image"]);
  expect(wrong({ url: "http://shop.example/lamp", image: "http://shop.example/lamp.png" })).toEqual(["image"]); // the widget shows none without https
  expect(wrong({ image: "/api/v1/uploads/0197a000-0000-7000-8000-000000000001" })).toEqual([]);
  expect(wrong({ currency: "¥" })).toEqual(["currency"]);
});

test("a card says what was filled in", () => {
  expect(cardBody({ ...noCard, title: " Lamp ", currency: "cny" })).toEqual({ title: "Lamp" });
  expect(cardBody({ ...noCard, title: "Lamp", price: "459", currency: "cny", url: "https://shop.example/lamp" })).toEqual({ title: "Lamp", price: "459", currency: "CNY", url: "https://shop.example/lamp" });
});

test("a card is sent once nothing is wrong with it", () => {
  const send = vi.fn(), close = vi.fn();
  render(<MantineProvider env="test"><CardModal begun={{ ...noCard, title: "Lamp", url: "lamp" }} send={send} close={close} /></MantineProvider>);
  expect(screen.queryByText(words().card.badLink)).toBeNull();
  fireEvent.click(screen.getByTestId("card-go"));
  expect(screen.getByText(words().card.badLink)).toBeTruthy();
  expect(send).not.toHaveBeenCalled();
  fireEvent.change(screen.getByTestId("card-url"), { target: { value: "https://shop.example/lamp" } });
  fireEvent.click(screen.getByTestId("card-go"));
  expect(send.mock.calls).toEqual([[{ title: "Lamp", url: "https://shop.example/lamp" }]]);
  expect(close).toHaveBeenCalledTimes(1);
});
