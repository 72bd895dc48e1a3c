// Types of window.uniqchat. Copy this file into your project, or fetch it from /widget.d.ts of your server.

interface UniqchatSettings {
  siteKey?: string;
  /** Such as zh-CN; the page's lang if left out. */
  locale?: string;
  theme?: "auto" | "light" | "dark";
  position?: "right" | "left";
  title?: string;
  greeting?: string;
  /** An https address. */
  logo?: string;
  /** Up to four questions to begin with. */
  starters?: string[];
  /** Words on the button. */
  launcher?: string;
  /** As #rrggbb. */
  color?: string;
  colorTo?: string;
  colorOn?: string;
  /** An https address, shown while an agent is online. */
  avatar?: string;
  /** When a form for a message and an e-mail address stands in place of the chat. */
  offlineForm?: "closed" | "away" | "never";
  triggers?: boolean;
  /** Whether agents see the pages that the visitor looks at. */
  pageViews?: boolean;
  sound?: boolean;
  hideLauncher?: boolean;
}

interface UniqchatUser {
  /** The shop's id of the person: a note only, unless signed by one of the next two. */
  id?: string | number;
  /** A JWT (HS256) signed with the site's secret. */
  identityToken?: string;
  /** The hexadecimal HMAC-SHA256 of id under the site's secret. */
  identityHmac?: string;
  name?: string;
  email?: string;
  attributes?: Record<string, unknown>;
}

interface UniqchatMessage {
  id: string;
  conversation: string;
  role: "agent" | "bot" | "api" | "system";
  kind: "text" | "image" | "file" | "card" | "form";
  body: Record<string, unknown>;
  time: Date;
}

interface UniqchatEvents {
  ready: null;
  message: UniqchatMessage;
  unread: number;
  opened: null;
  closed: null;
  /** eta_seconds is null where too little is known to tell. */
  queue: { place: number; eta_seconds: number | null } | null;
}

interface Uniqchat {
  (call: "boot", settings?: UniqchatSettings): void;
  (call: "open" | "close" | "reset"): void;
  (call: "setUser", user: UniqchatUser): void;
  (call: "setAttributes", attributes: Record<string, unknown>): void;
  (call: "setLocale", locale: string): void;
  (call: "track", name: string, data?: Record<string, unknown>): void;
  /** Returns a function that takes the listener away; undefined before the script is there. */
  <E extends keyof UniqchatEvents>(call: "on", event: E, listener: (detail: UniqchatEvents[E]) => void): (() => void) | undefined;
}

interface Window {
  uniqchat: Uniqchat;
}

declare const uniqchat: Uniqchat;
