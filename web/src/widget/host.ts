// What the two files of the widget know of each other: the loader, which is on the page from the beginning, and the chat,
// which comes when somebody wants it.

import type { Session } from "./session.ts";
import type { Theme } from "./settings.ts";
import type { Texts } from "./texts.ts";
import type { Tracker } from "./track.ts";

/** A call of window.uniqchat: a name and its arguments. */
export type Call = readonly unknown[];

/** The loader, as the chat sees it. */
export interface Host {
  readonly root: ShadowRoot;
  readonly element: HTMLElement;
  readonly launcher: HTMLButtonElement;
  readonly base: string;
  readonly siteKey: string;
  settings: Theme;
  /** Who the visitor is; what is said to it is the chat's. */
  readonly session: Session;
  locale: string;
  /** The widget's words in its language. */
  readonly t: Texts;
  style(css: string): void;
  emit(event: string, detail: unknown): void;
  /** The panel was opened or closed. */
  opened(open: boolean): void;
  unread(n: number): void;
  /** What the chat has put before the page's title. */
  mark: string;
  readonly tracker: Tracker;
  /** Loads another file of the widget; the promise says whether it is there. */
  script(name: string): Promise<boolean>;
}

/** The chat, as the loader sees it. */
export interface Chat {
  toggle(open: boolean): void;
  greet(text: string): void;
  /** There is something new in the session. */
  noticed(): void;
  /** The visitor is somebody else now: nothing of the last one may be left. */
  forget(): void;
  /** The language is another one now. */
  spoken(): void;
}

export type Start = (host: Host) => Chat;
