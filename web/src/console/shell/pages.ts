// The console's pages, and who is shown the way to them.

import { may, type Role } from "../settings/access.ts";
import { IconChartBar, IconInbox, IconSettings, IconUsers } from "../ui/icons.ts";

export const pages = [
  { name: "inbox", icon: IconInbox, keys: "g i", key: "keyGoInbox" },
  { name: "visitors", icon: IconUsers, keys: "g v", key: "keyGoVisitors" },
  { name: "reports", icon: IconChartBar, keys: "g r", key: "keyGoReports" },
  { name: "settings", icon: IconSettings, keys: "g s", key: "keyGoSettings" },
] as const;

/** The pages that a role may see. */
export function pagesOf(role: Role) {
  return pages.filter((p) => p.name !== "reports" || may(role, "leads"));
}
