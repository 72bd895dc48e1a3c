// The parts of the chat that few visitors see, for the chat to take.

import css from "./parts.css";
import { Card } from "./ui/cards.tsx";
import { EmojiPicker } from "./ui/emoji.tsx";
import { Form, Offline, PreChat } from "./ui/forms.tsx";
import type { Part } from "./ui/parts.ts";
import { Lightbox } from "./ui/lightbox.tsx";
import { Menu } from "./ui/menu.tsx";
import { Pending } from "./ui/pending.tsx";
import { Rating } from "./ui/rating.tsx";
import { Sources } from "./ui/sources.tsx";
import { trap } from "./ui/trap.ts";

(window as unknown as { uniqchat: { parts?: Part } }).uniqchat.parts = { Card, Form, PreChat, Offline, Rating, EmojiPicker, Menu, Lightbox, Pending, Sources, trap, css };
