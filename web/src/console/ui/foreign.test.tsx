import { act, fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { words } from "../i18n/index.ts";
import { Content } from "../conversation/bodies.tsx";
import { Foreign } from "./foreign.tsx";

const says = (source: Window | null, picture: string, origin = location.origin) => act(() => void window.dispatchEvent(new MessageEvent("message", { data: { picture }, origin, source })));
const frame = () => screen.getByTestId("foreign") as HTMLIFrameElement;

test("a picture from elsewhere stands in a frame, and only that frame says how it ended", () => {
  const ended = vi.fn();
  render(<Foreign src="https://pictures.test/a b.png?c=1#d" label="Logo" ended={ended} />);
  expect(frame().getAttribute("src")).toBe("/picture/#https%3A%2F%2Fpictures.test%2Fa%20b.png%3Fc%3D1%23d");
  says(window, "failed");
  says(frame().contentWindow, "failed", "https://other.test");
  says(frame().contentWindow, "?");
  expect(ended).not.toHaveBeenCalled();
  says(frame().contentWindow, "failed");
  expect(ended.mock.calls).toEqual([[false]]);
});

test("a card's picture from elsewhere is loaded once somebody wants it", () => {
  const t = words().card;
  render(<Content kind="card" body={{ title: "Lamp", image: "https://pictures.test/lamp.png" }} />);
  expect(screen.queryByTestId("foreign")).toBeNull();
  expect(screen.getByTestId("show-picture").textContent).toBe(t.show.replace("{host}", "pictures.test"));
  fireEvent.click(screen.getByTestId("show-picture"));
  expect(frame().title).toBe("Lamp");
  says(frame().contentWindow, "failed");
  expect(screen.queryByTestId("foreign")).toBeNull();
  expect(screen.getByText(t.pictureLost)).toBeTruthy();
});

test("a card names no picture that may not be loaded", () => {
  render(<Content kind="card" body={{ title: "Lamp", image: "http://pictures.test/lamp.png" }} />);
  expect(screen.queryByTestId("show-picture")).toBeNull();
});
