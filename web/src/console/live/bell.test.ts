import { afterEach, expect, test, vi } from "vitest";
import { completeMessage } from "../../shared/packets.ts";
import { Bell } from "./bell.ts";

afterEach(() => void vi.unstubAllGlobals());

const message = completeMessage({ conv: "c", seq: 1, mid: "m", sender: "v", role: "visitor", body: { text: "Hello" } });

function bell(notification: unknown): Bell {
  vi.stubGlobal("Notification", Object.assign(notification as object, { permission: "granted", requestPermission: async () => "granted" }));
  const b = new Bell();
  b.settings = { sound: false, desktop: true };
  vi.spyOn(document, "hasFocus").mockReturnValue(false);
  return b;
}

test("a browser that refuses to notify breaks nothing", () => {
  const refused = vi.fn(function () { throw new TypeError("Illegal constructor. Use ServiceWorkerRegistration.showNotification() instead."); });
  expect(() => bell(refused).message(message, "me")).not.toThrow();
  expect(refused).toHaveBeenCalledTimes(1);
});

test("a click on a notification opens the conversation", () => {
  const shown: { onclick: () => void; close: () => void }[] = [];
  const b = bell(vi.fn(function (this: (typeof shown)[number]) { this.close = () => undefined; shown.push(this); }));
  b.open = vi.fn();
  b.message(message, "me");
  shown[0]!.onclick();
  expect(b.open).toHaveBeenCalledWith("c");
});
