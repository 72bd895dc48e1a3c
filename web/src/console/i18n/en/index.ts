// English: the language whose keys all others have.

import { ai } from "./ai.ts";
import { card } from "./card.ts";
import { conversation } from "./conversation.ts";
import { guide } from "./guide.ts";
import { inbox } from "./inbox.ts";
import { knowledge } from "./knowledge.ts";
import { panel } from "./panel.ts";
import { problems } from "./problems.ts";
import { queue } from "./queue.ts";
import { reports } from "./reports.ts";
import { session } from "./session.ts";
import { settings } from "./settings.ts";
import { shell, time } from "./shell.ts";
import { visitors } from "./visitors.ts";

export const texts = { shell, time, session, inbox, conversation, card, panel, guide, visitors, queue, reports, settings, knowledge, problems, ai };
export const console = { locale: "en", texts };
