import { expect, test } from "vitest";
import { rolesOf } from "../settings/access.ts";
import { pagesOf } from "./pages.ts";

test("the way to the reports is shown to those who may read them", () => {
  expect(rolesOf("all").filter((r) => pagesOf(r).some((p) => p.name === "reports"))).toEqual(["owner", "admin", "supervisor"]);
  expect(pagesOf("viewer").map((p) => p.name)).toEqual(["inbox", "visitors", "settings"]);
});
