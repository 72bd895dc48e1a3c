// The pages of the settings: where they are, in which group, and who may see them.

import { IconAdjustmentsHorizontal, IconBan, IconBolt, IconBook2, IconBrowser, IconCalendarTime, IconClipboard, IconClock, IconDownload, IconHistory, IconHourglass, IconKey, IconMail, IconPalette, IconRobot, IconRoute, IconShieldLock, IconSparkles, IconTags, IconTarget, IconUserCircle, IconUsers, IconUsersGroup, IconWebhook } from "../ui/icons.ts";
import type { Level } from "./access.ts";

export const groups = ["you", "team", "service", "ai", "site", "connect", "data"] as const;

export const places = [
  { name: "profile", group: "you", icon: IconUserCircle, read: "all" },
  { name: "agents", group: "team", icon: IconUsers, read: "all" },
  { name: "teams", group: "team", icon: IconUsersGroup, read: "all" },
  { name: "routing", group: "team", icon: IconRoute, read: "all" },
  { name: "hours", group: "service", icon: IconCalendarTime, read: "all" },
  { name: "promises", group: "service", icon: IconHourglass, read: "all" },
  { name: "canned", group: "service", icon: IconClipboard, read: "all" },
  { name: "labels", group: "service", icon: IconTags, read: "all" },
  { name: "blocklist", group: "service", icon: IconBan, read: "staff" },
  { name: "bot", group: "ai", icon: IconRobot, read: "all" },
  { name: "knowledge", group: "ai", icon: IconBook2, read: "all" },
  { name: "intents", group: "ai", icon: IconTarget, read: "leads" },
  { name: "engines", group: "ai", icon: IconSparkles, read: "leads" },
  { name: "traces", group: "ai", icon: IconHistory, read: "all" },
  { name: "sites", group: "site", icon: IconBrowser, read: "managers" },
  { name: "widget", group: "site", icon: IconPalette, read: "managers" },
  { name: "triggers", group: "site", icon: IconBolt, read: "all" },
  { name: "webhooks", group: "connect", icon: IconWebhook, read: "managers" },
  { name: "tokens", group: "connect", icon: IconKey, read: "managers" },
  { name: "mail", group: "connect", icon: IconMail, read: "managers" },
  { name: "exports", group: "data", icon: IconDownload, read: "leads" },
  { name: "retention", group: "data", icon: IconClock, read: "managers" },
  { name: "audit", group: "data", icon: IconShieldLock, read: "managers" },
] as const satisfies readonly { name: string; group: (typeof groups)[number]; icon: typeof IconAdjustmentsHorizontal; read: Level }[];

export type Place = (typeof places)[number];
export type PlaceName = Place["name"];

export function placeOf(name: PlaceName): Place {
  return places.find((p) => p.name === name) ?? places[0];
}
