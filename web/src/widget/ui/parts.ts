// Parts: what few visitors see of the chat (cards, forms, the rating, the menu, emoji, files on their way up, the large view of an image) is a file of its own, which comes when one is needed. It
// has no Preact of its own but this one's: the kit.

import { Fragment } from "preact";
import * as hooks from "preact/hooks";
import * as runtime from "preact/jsx-runtime";
import { useAttempt, useCountdown, useDesk } from "./context.ts";
import { Icon } from "./icons.tsx";
import { Picture, useFile } from "./media.tsx";
import type { Card } from "./cards.tsx";
import type { EmojiPicker } from "./emoji.tsx";
import type { Form, Offline, PreChat } from "./forms.tsx";
import type { Lightbox } from "./lightbox.tsx";
import type { Menu } from "./menu.tsx";
import type { Pending } from "./pending.tsx";
import type { Rating } from "./rating.tsx";
import type { Sources } from "./sources.tsx";
import type { trap } from "./trap.ts";

export interface Part { Card: typeof Card; Form: typeof Form; PreChat: typeof PreChat; Offline: typeof Offline; Rating: typeof Rating; EmojiPicker: typeof EmojiPicker; Menu: typeof Menu; Lightbox: typeof Lightbox; Pending: typeof Pending; Sources: typeof Sources; trap: typeof trap; css: string }

const { jsx, jsxs } = runtime;
const { useState, useEffect, useLayoutEffect, useRef } = hooks;

/** What the other file is built against (build.mjs). */
export const kit = { jsx, jsxs, Fragment, useState, useEffect, useLayoutEffect, useRef, useAttempt, useCountdown, useDesk, useFile, Picture, Icon };

const page = window as unknown as { uniqchat?: { kit?: typeof kit; parts?: Part } };
const again = 3000;

export class Parts {
  private asked = false;

  constructor(private readonly script: (name: string) => Promise<boolean>, private readonly arrived: (css: string) => void) {}

  /** The parts, if they are here; otherwise they are brought. */
  get(): Part | undefined {
    const api = page.uniqchat!;
    if (api.parts === undefined && !this.asked) {
      this.asked = true;
      api.kit = kit;
      void this.script("widget-parts").then((there) => {
        if (there) this.arrived(page.uniqchat!.parts!.css);
        else setTimeout(() => { this.asked = false; this.arrived(""); }, again);
      });
    }
    return api.parts;
  }
}
