import { expect, test } from "vitest";
import { words } from "../i18n/index.ts";
import { bodyOf, changeText, said } from "./said.ts";

const who = { name: (id: string) => (id === "b" ? "Bob" : ""), visitor: "Ann" };

test("every kind says something, whatever the body holds", () => {
  const t = words();
  expect(said("text", { text: "<b>hi</b>" }, t)).toBe("<b>hi</b>");
  expect(said("image", { name: "a.png" }, t)).toBe("Image a.png");
  for (const kind of ["text", "image", "file", "card", "form"] as const) expect(said(kind, bodyOf({ body: [{ text: 1 }] }), t)).not.toBe("");
});

test("changes as sentences", () => {
  const t = words();
  const text = (body: object) => changeText(body as Record<string, unknown>, t, who);
  expect(text({ event: "conversation.assigned", assignee_id: "b", assignee_name: "Bob", by: "b", by_role: "agent" })).toBe("Bob accepted it");
  expect(text({ event: "conversation.assigned", assignee_id: "b", assignee_name: "Bob" })).toBe("Given to Bob");
  expect(text({ event: "conversation.transferred", team_id: "t", by: "b", by_role: "agent" })).toBe("Bob handed it over to a team");
  expect(text({ event: "conversation.closed", by: "v", by_role: "visitor" })).toBe("Ann closed it");
  expect(text({ event: "conversation.rated", rating: 4 })).toBe("Rated ★★★★☆");
  expect(text({ event: "conversation.labels_updated", by: "b", by_role: "agent", labels: ["vip", "{by}"] })).toBe("Bob set the labels vip, {by}");
  expect(text({ event: "toString" })).toBe("The conversation changed");
});
