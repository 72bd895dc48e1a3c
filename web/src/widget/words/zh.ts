// The chat's words in one language: a file of its own, which comes with the chat.

import { widget } from "../../shared/i18n/zh.ts";
import { bring } from "./bring.ts";

bring("zh", widget);
