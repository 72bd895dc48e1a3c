// Code generated from docs/openapi.yaml by go generate ./web. DO NOT EDIT.

export interface AIAnswer {
  /** What a visitor would see; may be empty. */
  answer: string;
  /** Of clarify: what can be meant, at most three. */
  buttons: string[];
  /** How likely the answer is right, 0 to 1. */
  confidence: number;
  /** Which engine wrote the answer; local is the one that needs no network. */
  engine: string | null;
  language: string;
  /** One word that says why, such as engine, easy, unknown, budget. */
  reason: string;
  /** What the answer rests on. */
  sources: AISource[];
  /** What the bot would do: answer, ask back, call a person, or nothing. */
  step: "answer" | "clarify" | "handoff" | "silence";
  /** Where to read how it came about. */
  trace_id: string | null;
}

export interface AIBudget {
  /** In the currency that engines' prices are in. 0: no limit. */
  money_per_day?: number;
  /** 0: no limit. */
  tokens_per_day?: number;
}

export interface AIEngine {
  base_url: string;
  /** What a million tokens of an answer cost. */
  completion_price: number;
  created_at: string;
  enabled: boolean;
  /** How long is waited for the first token; 0: as long as by default, 4 s. */
  first_token_ms: number;
  /** Whether this node asks it: open if it is left alone for a while because it failed, half-open if one question tries it. Not there if it is not in use. */
  health?: "closed" | "open" | "half-open";
  id: string;
  /** Whether it has a key. The key itself is shown to nobody. */
  key_set: boolean;
  model: string;
  name: string;
  /** Engines are in the order of this, then of their names. */
  position: number;
  /** What a million tokens of a question cost. */
  prompt_price: number;
  /** How long is waited for all of an answer; 0: as long as by default, 20 s, which is also the longest: so long an answer may take over all engines. */
  total_ms: number;
  updated_at: string;
}

export interface AIEngineTest {
  /** How long the first token took; null if none came. */
  first_token_ms: number | null;
  /** What the server answered; null if it did not. */
  http_status: number | null;
  /** The same for people, and what to do about it, in the language of Accept-Language. */
  message: string;
  money: number;
  /** Whether visitors' questions can be sent to it as it is. */
  ok: boolean;
  /** What is wrong, for programs; null if nothing is. */
  problem: "unresolved" | "not_allowed" | "unreachable" | "tls" | "key_unreadable" | "unauthorized" | "payment_required" | "model_unknown" | "path_unknown" | "redirected" | "limited" | "declined" | "failed" | "slow" | "slow_first_token" | "cut" | "bad_answer" | "too_long";
  /** Whether it keeps to the structure that answers are asked for in. Otherwise its texts are taken as they come, without sources. */
  structured: boolean;
  /** What it said. */
  text: string;
  /** What it used; it counts like any answer. */
  tokens: number;
  /** How long all of it took. */
  total_ms: number;
}

export interface AISource {
  document_id: string;
  /** May be empty. */
  heading: string;
  title: string;
  /** Where people find it. */
  url: string | null;
}

export interface AISuggestion {
  /** How likely it is right, 0 to 1. */
  confidence: number;
  /** Which engine wrote it; local is the one that needs no network. */
  engine: string;
  sources: AISource[];
  text: string;
}

export interface AISuggestions {
  /** The best first; none if nothing is known. */
  data: AISuggestion[];
  /** Where to read how they came about. */
  trace_id: string | null;
}

export interface AISummary {
  /** Which engine wrote text. */
  engine: string | null;
  /** Headings of the knowledge base that may have to do with it. */
  found: string[];
  /** What it is about, in one word; may be empty. */
  intent: string;
  /** The visitor's. */
  language: string;
  /** Numbers that look like an order's. */
  orders: string[];
  /** Sentences that say most of it, each with who said it. */
  points: string[];
  /** An engine's words, if there is an engine and the conversation supports what it wrote; else empty. The rest is taken from the conversation as it stands there. */
  text: string;
  /** Where to read how it came about. */
  trace_id: string | null;
  /** What the bot answered and asked back. */
  tried: string[];
  /** What the visitor wants, in its own words, oldest first. */
  wants: string[];
}

export interface AITrace {
  at: string;
  /** null: staff or a program asked, about no conversation. */
  conversation_id: string | null;
  id: string;
  /** The visitor's question; null likewise. */
  message_id: string | null;
  /** One word: answer, clarify, handoff, silence, or what else came of it. */
  outcome: string;
  /** A JSON object: question, language, steps with their times and reasons, intent, context, chunks, evidence, and router with each engine's answer, time, cost, features and verdict. docs/ai.md tells its members; more may come. */
  trace: Record<string, unknown>;
}

export interface AITraceEntry {
  at: string;
  /** null: staff or a program asked, about no conversation. */
  conversation_id: string | null;
  id: string;
  /** The visitor's question; null likewise. */
  message_id: string | null;
  /** One word: answer, clarify, handoff, silence, or what else came of it. */
  outcome: string;
}

export interface AIUsage {
  /** Days on which something was used or refused, the oldest first. */
  data: AIUsageDay[];
  /** Today, in UTC: budgets are for days of UTC. */
  day: string;
  /** Whether today's budget has no room for even the shortest call. Until resets_at no engine is asked, and the local one answers. */
  exhausted: boolean;
  /** Likewise. */
  max_money: number | null;
  /** What may be used in a day, by the bot's settings; null: no limit. */
  max_tokens: number | null;
  /** Likewise, in the currency that engines' prices are in. */
  money: number;
  /** How many calls of engines were not made today, because what was left of the budget was less than they may use: the instructions, the question, what was found for it, and the longest answer. Those questions were answered by another engine or the local one. It may be more than 0 while exhausted is false: then there is room for shorter questions only. */
  refused: number;
  /** When a new day's budget begins. */
  resets_at: string;
  /** Used today, with what is reserved for answers that are being written. */
  tokens: number;
}

export interface AIUsageDay {
  day: string;
  money: number;
  /** Calls that were not made, because the day's budget had no room for them. */
  refused: number;
  tokens: number;
}

export interface APIToken {
  created_at: string;
  /** The agent who made it; null: the command line. */
  created_by: string | null;
  /** null: never. */
  expires_at: string | null;
  /** How the token starts and ends. */
  hint: string;
  id: string;
  /** To about a minute; null: never. */
  last_used_at: string | null;
  name: string;
  scopes: string[];
}

export interface AboutInputBody {
  /** A conversation's id. */
  conversation: string;
  /** A language tag such as zh or en. Of a summary: of what an engine writes; defaults to Accept-Language. Suggestions are in the language that the visitor writes; this counts where that is not to be told. */
  language?: string;
}

export interface Agent {
  /** How many open conversations routing gives at once. */
  capacity: number;
  created_at: string;
  disabled: boolean;
  email: string;
  id: string;
  name: string;
  role: "owner" | "admin" | "supervisor" | "agent" | "viewer";
  status: "offline" | "online" | "busy" | "away";
  teams: string[];
}

export interface AgentAtNow {
  agent_id: string;
  capacity: number;
  name: string;
  /** Open conversations. */
  open: number;
  status: "offline" | "online" | "busy" | "away";
}

export interface AgentWork {
  /** Of those closed: the visitor still waited for a person's first answer. */
  abandoned: number;
  agent_id: string;
  /** Conversations that were given to it, or that it took. */
  assigned: number;
  closed: number;
  /** Of the first answers that it gave. */
  first_response: Durations;
  /** Public ones that it wrote. */
  messages: number;
  /** Empty if there is no such agent any more. */
  name: string;
  ratings: Scores;
  resolution: Durations;
  /** That it handed on. */
  transfers: number;
}

export interface AgentsReport {
  agent_id: string | null;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** By name. Every agent who can be given conversations is there, whoever did nothing, too. */
  data: AgentWork[];
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** As it was rounded. */
  until: string;
}

export interface AskInputBody {
  /** A conversation's id: what was said there comes before the question. An API token needs the scope conversations:read, too. */
  conversation?: string;
  /** Of whoever asks: a language tag such as zh or en. It counts where the question itself does not tell. */
  language?: string;
  question: string;
}

export interface AssignInputBody {
  /** Who gets it; null puts it back into the queue. */
  agent_id: string | null;
}

export interface AuditActor {
  id: string;
  kind: "agent" | "api_token" | "visitor" | "cli" | "system" | "anonymous";
  name: string;
}

export interface AuditEntry {
  /** A stable name, such as agent.updated. */
  action: string;
  actor: AuditActor;
  /** Where the request came from; empty for the command line and the program itself. */
  address: string;
  at: string;
  /** What changed: an object; never secrets, nor what people wrote. */
  details: Record<string, unknown>;
  /** SHA-256, hexadecimal, of the entry and the hash before it. */
  hash: string;
  id: string;
  outcome: "ok" | "failed";
  request_id: string;
  /** 1, 2, 3, … of the tenant, without a gap. */
  seq: number;
  target: AuditTarget;
}

export interface AuditTarget {
  id: string;
  kind: string;
  name: string;
}

export interface Bilingual {
  en?: string;
  zh?: string;
}

export interface Block {
  /** Until when it holds; for ever if missing. */
  expires_at?: string;
  kind: "visitor" | "address" | "fingerprint";
  reason?: string;
  /** A visitor's id; an address or a range of them, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32; or what the page named as fingerprint. */
  value: string;
}

export interface Bot {
  /** What it leaves to people, as people name it: words of a question, or what is meant by it, such as refund. */
  avoid?: string[] | null;
  /** Who has a conversation that begins, or that its visitor reopens: bot (the default), or people, and the bot is there for those who ask for it. */
  begins?: "bot" | "people";
  budget?: AIBudget;
  /** How often it asks back in one conversation, with buttons, before a person takes over: 0 to 2. Defaults to 2. */
  clarify?: number;
  /** While it is off conversations begin with people, and what it had not answered yet goes to them. */
  enabled: boolean;
  /** How engines are asked: cheapest, one by one, the next when one is slow or fails; or parallel, the four cheapest at once, of which the first answer that the knowledge supports is said, and each of which is paid for. Defaults to cheapest. */
  engines?: "cheapest" | "parallel";
  /** What it says first. None by default. */
  greeting?: Bilingual;
  /** When it answers: always, only within the business hours, or only outside of them. Defaults to always. */
  hours?: "always" | "open" | "closed";
  /** In which it answers: zh, en. Who writes in another language gets a person. Both by default. */
  languages?: string[] | null;
  /** Under which its answers are shown. Defaults to Bot. */
  name?: string;
  thresholds?: BotThresholds;
  /** Defaults to friendly. */
  tone?: "friendly" | "neutral" | "formal";
  /** What it may talk about, as people name it: people answer all else. Whatever the knowledge base holds by default. */
  topics?: string[] | null;
  updated_at: string | null;
  /** Counts changes; 0 while there are no settings: then it is off. */
  version: number;
}

export interface BotThresholds {
  /** From which confidence on it answers, 0 to 1. As shipped by default. */
  answer?: number;
  /** From which confidence on it asks back; at most answer. As shipped by default. */
  clarify?: number;
}

export interface BusinessHours {
  holidays?: Holiday[] | null;
  name: string;
  /** Where they hold; everywhere if missing. */
  site_key?: string;
  /** IANA name, such as Asia/Shanghai. */
  time_zone: string;
  weekly: WeeklySpan[];
}

export interface CanaryPlan {
  /** How long it is tried, 1 at least where percent is not 0. It is taken back if it answers markedly fewer questions, and put in use otherwise. */
  minutes: number;
  /** Of the conversations that a new version answers first; 0: it answers all at once. */
  percent: number;
}

export interface CanaryTally {
  asked: number;
  /** Those of them that a person had to answer, because the knowledge did not. */
  open: number;
}

export interface CannedResponse {
  /** What an agent writes behind a /: unique, whatever its case, without blanks. */
  shortcut: string;
  /** Whose answer it is; everybody's if missing. */
  team_id?: string;
  /** The console fills in {{visitor.name}}, {{visitor.email}} and {{agent.name}}; {{visitor.name|there}} says what stands for it where it is not known. */
  text: string;
  title?: string;
}

export interface ChallengeInputBody {
  /** From the 401 totp_required of the log-in. */
  challenge: string;
  /** Six digits of the authenticator app, or a recovery code. */
  code: string;
}

export interface ChoosePasswordInputBody {
  password: string;
}

export interface ConfirmInputBody {
  /** What the authenticator app shows now. */
  code: string;
}

export interface Conversation {
  assignee_id: string | null;
  closed_at: string | null;
  /** A JSON object. */
  context: Record<string, unknown>;
  created_at: string;
  id: string;
  /** Names of labels. */
  labels: string[];
  /** The newest public message that is not a system message, or null. */
  last_message: Message | null;
  /** In a list by q: what was found in the conversation. */
  match?: Match;
  /** -100 to 100; higher is routed first. */
  priority: number;
  /** Since when it waits; null unless queued. */
  queued_at: string | null;
  /** 1 to 5, as the visitor rated it; null if not. */
  rating: number | null;
  /** What the visitor wrote with the rating. */
  rating_comment?: string;
  /** When a snoozed conversation wakes; null unless snoozed, and if only its visitor can wake it. */
  snoozed_until: string | null;
  status: "queued" | "open" | "bot" | "snoozed" | "closed";
  team_id: string | null;
  /** Visitor messages after the last one that an agent read. */
  unread: number;
  /** Counts changes of state, from 1. */
  version: number;
  visitor_id: string;
  /** As the site named the visitor; may be empty. */
  visitor_name: string;
}

export interface CreateAPITokenInputBody {
  /** Leave it away for a token that does not expire. */
  expires_at?: string;
  /** What it is for. */
  name: string;
  scopes: ("conversations:read" | "conversations:write" | "messages:write" | "visitors:read" | "visitors:write" | "agents:read" | "agents:write" | "settings:read" | "settings:write" | "webhooks:write" | "reports:read" | "knowledge:write" | "audit:read" | "ai:read" | "ai:write" | "ai:ask" | "*")[];
}

export interface CreateAgentInputBody {
  capacity?: number;
  email: string;
  /** Of the invite. Defaults to the caller's. */
  locale?: "zh" | "en";
  name: string;
  /** Without one the agent is invited, and chooses it. */
  password?: string;
  role?: "owner" | "admin" | "supervisor" | "agent" | "viewer";
  /** Ids of teams. */
  teams?: string[] | null;
}

export interface CreateDocumentInputBody {
  /** Defaults to true. */
  enabled?: boolean;
  /** Defaults to markdown. */
  format?: "markdown" | "html" | "text" | "csv";
  /** A language tag such as zh or en. */
  language?: string;
  text: string;
  /** Defaults to the text's own title, or the file's name. */
  title?: string;
  /** Where people find it. */
  url?: string;
}

export interface CreateEngineInputBody {
  /** Such as https://api.openai.com/v1: /chat/completions is put behind it. It must be a public address over https, unless the operator allows others. */
  base_url: string;
  /** What a million tokens of an answer cost. */
  completion_price?: number;
  /** Defaults to true. */
  enabled?: boolean;
  /** How long is waited for the first token. 0: as long as by default, 4 s. */
  first_token_ms?: number;
  /** What the server wants as Authorization: Bearer. It is shown to nobody again. */
  key?: string;
  /** As the server calls it. */
  model: string;
  /** No two engines have the same. */
  name: string;
  position?: number;
  /** What a million tokens of a question cost. Without prices a budget of money is never used up. */
  prompt_price?: number;
  /** How long is waited for all of an answer. 0: as long as by default, 20 s, which is also the longest: so long an answer may take over all engines. */
  total_ms?: number;
}

export interface CreateExportInputBody {
  filters?: ExportFilters;
  format?: "csv";
  kind: "conversations" | "messages" | "visitors" | "report";
}

export interface CreateGoldenInputBody {
  /** The document that must be found. */
  document_id: string;
  question: string;
  /** Among so many first hits. Defaults to 3. */
  within?: number;
}

export interface CreateSiteKeyInputBody {
  name: string;
  /** Exact origins, e.g. https://shop.example.com; leave it away for every page. */
  origins?: string[] | null;
  widget?: Widget;
}

export interface CreateTeamInputBody {
  name: string;
}

export interface CreateTenantInputBody {
  name: string;
  origins?: string[] | null;
  /** The first agent; otherwise uniqchat user create makes it. */
  owner?: OwnerInput;
  slug: string;
}

export interface CreateWebhookInputBody {
  description?: string;
  /** Names of events, or *. */
  events: string[];
  /** http or https. It must resolve to a public address, unless the operator allows others. */
  url: string;
}

export interface Delivery {
  /** How many attempts were begun. */
  attempt: number;
  /** Those that ended, oldest first. */
  attempts: DeliveryAttempt[];
  /** When it happened. */
  created_at: string;
  /** The same in every attempt: webhook-id, and id in the body. */
  event_id: string;
  id: string;
  /** null unless pending. */
  next_attempt_at: string | null;
  /** The last attempt's; null before the first, and where what it was about is gone. */
  request: DeliveryRequest | null;
  sequence: number;
  state: "pending" | "delivered" | "failed";
  type: string;
  webhook_id: string;
}

export interface DeliveryAttempt {
  /** The first bytes of its body. */
  answer: string;
  at: string;
  attempt: number;
  duration_ms: number;
  /** Why it failed. */
  error: string | null;
  /** Of the answer; null if there was none. */
  status: number | null;
}

export interface DeliveryRequest {
  body: Record<string, unknown>;
  url: string;
  /** Seconds since 1970, as in webhook-timestamp. */
  webhook_timestamp: number;
}

export interface DisableInputBody {
  /** Six digits of the authenticator app, or a recovery code. */
  code: string;
  password: string;
}

export interface Durations {
  count: number;
  mean_seconds: number | null;
  /** At most 6.25 % away from the exact one, or 64 ms. */
  median_seconds: number | null;
  /** The same: nine of ten were not above. */
  p90_seconds: number | null;
}

export interface DurationsAt {
  count: number;
  mean_seconds: number | null;
  /** At most 6.25 % away from the exact one, or 64 ms. */
  median_seconds: number | null;
  /** The same: nine of ten were not above. */
  p90_seconds: number | null;
  start: string;
}

export interface DurationsReport {
  agent_id: string | null;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** Oldest first. The first and the last one may be cut off. */
  data: DurationsAt[];
  interval: "hour" | "day";
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** Of all of it. */
  total: Durations;
  /** As it was rounded. */
  until: string;
}

export interface EditInputBody {
  /** What the message shows from now on, of the same shape as before. */
  body: Record<string, unknown>;
}

export interface EnrolInputBody {
  password: string;
}

export interface Enrolment {
  /** The same as an otpauth:// address, to be shown as a QR code. */
  otpauth_url: string;
  /** Base32, to be typed into an authenticator app. */
  secret: string;
}

export interface ErrorDetail {
  /** Where the error occurred, e.g. 'body.items[3].tags' or 'path.thing-id' */
  location?: string;
  /** Error message text */
  message?: string;
  /** The value at the given location */
  value?: unknown;
}

export interface Export {
  /** Of the file, once it is done. */
  bytes: number;
  created_at: string;
  created_by: string | null;
  /** Then the export and its file are deleted. */
  expires_at: string;
  failure: string | null;
  filters: Record<string, unknown>;
  finished_at: string | null;
  format: "csv";
  id: string;
  kind: "conversations" | "messages" | "visitors" | "report";
  /** So far. */
  rows: number;
  state: "waiting" | "running" | "done" | "failed";
  /** Where the file is, once it is done. It needs the credential. */
  url: string | null;
}

export interface ExportFilters {
  /** Of a report: an agent's id. */
  agent?: string;
  /** Of conversations: an agent's id. */
  assignee?: string;
  /** Of a report over time. */
  interval?: "hour" | "day";
  /** Of conversations: a label's name or id. */
  label?: string;
  /** Which report. */
  report?: "overview" | "volume" | "first-response" | "resolution" | "ratings" | "handoffs" | "agents" | "teams" | "hours";
  /** Conversations, messages' conversations and visitors that began at this time or later; of a report its since. */
  since?: string;
  /** Of conversations: one or several of queued, open, bot, snoozed, closed, with commas between. */
  status?: string;
  /** Of conversations and reports: a team's id. */
  team?: string;
  /** Of a report. */
  timezone?: string;
  /** And before this time. */
  until?: string;
}

export interface FileLink {
  expires_at: string;
  /** Of images: at most 480 pixels wide and high. */
  thumbnail_url?: string;
  url: string;
}

export interface FoundDocument {
  id: string;
  title: string;
}

export interface GoldenFailure {
  /** Empty if the question was deleted since. */
  document_id: string;
  /** What came first instead; null: nothing was found. */
  found_document_id: string | null;
  id: string;
  /** Empty if it was deleted since. */
  question: string;
}

export interface GoldenQuestion {
  created_at: string;
  document_id: string;
  id: string;
  question: string;
  updated_at: string;
  /** The document must be among so many first hits. */
  within: number;
}

export interface HandoffInputBody {
  to: "human" | "bot";
}

export interface Handoffs {
  to_bot: number;
  /** Somebody, or the bot, asked for a person. */
  to_human: number;
  /** To another agent, or a team's queue. */
  transfers: number;
}

export interface HandoffsAt {
  start: string;
  to_bot: number;
  /** Somebody, or the bot, asked for a person. */
  to_human: number;
  /** To another agent, or a team's queue. */
  transfers: number;
}

export interface HandoffsReport {
  agent_id: string | null;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** Oldest first. The first and the last one may be cut off. */
  data: HandoffsAt[];
  interval: "hour" | "day";
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** Of all of it. */
  total: Handoffs;
  /** As it was rounded. */
  until: string;
}

export interface Holiday {
  /** As 2027-01-01. */
  date: string;
  name?: string;
  /** What holds instead; closed all day if there is none. */
  open?: Span[] | null;
}

export interface HourOfWeek {
  /** Of those closed: the visitor still waited for a person's first answer. */
  abandoned: number;
  agent_messages: number;
  /** Of API tokens. */
  api_messages: number;
  bot_messages: number;
  closed: number;
  /** Conversations that began. */
  created: number;
  hour: number;
  reopened: number;
  visitor_messages: number;
  /** 1 is Monday. */
  weekday: number;
}

export interface HoursReport {
  agent_id: string | null;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** All 168, from Monday 0:00 on. */
  data: HourOfWeek[];
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** As it was rounded. */
  until: string;
}

export interface ImportIntentsInputBody {
  /** All are taken, or none. */
  examples: IntentExample[];
}

export interface Intent {
  /** What the bot does: answer as it answers every question, hand the conversation to people, or reply with a fixed text. The last two only if the message is surely meant so. */
  action: "answer" | "handoff" | "reply";
  created_at: string;
  description: string;
  /** Sentences that ask for it. Not in lists. */
  examples?: string[] | null;
  examples_count: number;
  /** Its key. */
  name: string;
  /** Of reply: what is said, in the visitor's language if it is there. */
  reply: Bilingual;
  /** Of handoff: whose queue. null: anybody's. */
  team_id: string | null;
  updated_at: string;
}

export interface IntentConfusion {
  /** taken_for is a built-in intent. */
  builtin: boolean;
  count: number;
  /** The place of one such example among its intent's, from 0, as they were when it was trained. */
  example: number;
  intent: string;
  /** Another intent, or a built-in one. */
  taken_for: string;
}

export interface IntentExample {
  /** The intent's name. One that is not there yet is made, with the action answer. */
  intent: string;
  /** A sentence as a visitor would write it, in any language. */
  text: string;
}

export interface IntentGuess {
  /** It is a built-in intent. */
  builtin: boolean;
  intent: string;
  /** Calibrated: of messages with .8 about 80 % are meant so. All add up to 1. */
  probability: number;
}

export interface IntentImport {
  added: number;
  /** Intents that were made for them. */
  created: string[];
  /** How many were there already. */
  known: number;
}

export interface IntentMistake {
  /** taken_for is a built-in intent. */
  builtin: boolean;
  /** How many of the intent's examples were taken for that; this is one. */
  count: number;
  intent: string;
  taken_for: string;
  text: string;
}

export interface IntentReport {
  /** The share of your examples that were told right, 0 to 1. */
  accuracy: number;
  /** When it was done. */
  at: string;
  /** And how many of the built-in intents, as what is none of yours. Those that say what yours say, or have your intent's name, are left out. */
  builtin: number;
  /** How far probabilities are from how often they were right, on average (ECE, ten bins), 0 to 1. */
  calibration_error: number;
  /** What was told wrong, the most frequent first. */
  confusions: IntentConfusion[];
  /** Built-in intents that yours take the place of, because they say the same. */
  covered: string[];
  /** Which model made the sentences' vectors; empty: none. */
  embedder: string;
  /** How many sentences of yours it was trained on. */
  examples: number;
  intents: IntentResult[];
  /** A message that is less known than this is none of yours: 95 % of your examples that were told right are better known. */
  min_known: number;
  /** The share of your examples that would be left to the built-in intents, as too unlikely or too little known, 0 to 1. */
  refused: number;
  /** The share of the built-in intents' sentences that were taken for one of yours, 0 to 1. */
  taken: number;
  /** What makes scores probabilities. */
  temperature: number;
  /** How long it took. */
  took_ms: number;
}

export interface IntentResult {
  /** The share of its examples that were told right. */
  accuracy: number;
  examples: number;
  intent: string;
}

export interface IntentTest {
  /** What the bot would do. */
  action: "answer" | "handoff" | "reply";
  builtin: boolean;
  /** Why only a person may answer, whatever is wanted. */
  guard: "human" | "anger" | "legal" | "safety" | "fraud";
  /** What it would be taken for. */
  intent: string;
  /** 0: it is like what its intent is taught by; 1: nothing is like it. */
  out_of_scope: number;
  /** The same for the tenant's intents; null if there are none. */
  own_out_of_scope: number | null;
  /** A message that is farther than this is none of the tenant's intents. */
  own_out_of_scope_max: number | null;
  probability: number;
  /** The ten likeliest. */
  ranked: IntentGuess[];
  reply: Bilingual;
  /** Likely enough for what its intent does: from a probability of .7 on. */
  sure: boolean;
  team_id: string | null;
  /** The revision of the tenant's intents that was asked; 0: none. */
  trained_revision: number;
}

export interface IntentTraining {
  /** The report's confusions with the sentences they were about, as long as no intent was changed since. */
  mistakes: IntentMistake[];
  /** Not there before the first training. How well the examples tell the intents apart: each was asked of a model that had not seen it. */
  report?: IntentReport;
  /** Counts changes of intents. */
  revision: number;
  /** none: there never was an intent. waiting, training: what was changed last is not in use yet, what was before is. */
  state: "none" | "waiting" | "training" | "ready";
  /** The revision that the model in use was trained of; 0: there is none. */
  trained_revision: number;
}

export interface Invite {
  expires_at: string;
  /** The link is on its way by mail. */
  mailed: boolean;
  /** The link, where no mail is sent: hand it over yourself. It is not shown again, and works once. */
  url?: string;
}

export interface InviteInputBody {
  /** Of the mail. Defaults to the caller's. */
  locale?: "zh" | "en";
}

export interface KnowledgeCanary {
  /** What came of questions to the version in use since then; a few seconds late. */
  before: CanaryTally;
  began_at: string;
  /** When it is put in use, if nothing speaks against it. */
  ends_at: string;
  /** Of the conversations. */
  percent: number;
  /** The same of the version that is tried. */
  tried: CanaryTally;
  version: number;
}

export interface KnowledgeChunk {
  /** Headings above it, or the question that it answers. */
  heading: string;
  /** Follows from what is in it. */
  id: string;
  /** Whether the heading is a question. */
  question: boolean;
  text: string;
}

export interface KnowledgeDocument {
  /** How large the text is, in UTF-8. */
  bytes: number;
  /** Pieces that it is found by. */
  chunks: number;
  created_at: string;
  /** Whether it is to be found. */
  enabled: boolean;
  /** csv: a table of questions and answers. */
  format: "markdown" | "html" | "text" | "csv";
  id: string;
  /** A language tag; may be empty. */
  language: string;
  /** Pieces that bots leave out because they speak to machines, at most 20; not in lists. */
  left_out?: LeftOutPiece[];
  /** Whether the index in use has it as it is: pending if one that has is on its way, failed if that was not put in use, not_indexed after going back to an earlier one. Of one that is not to be found: leaving while the index in use may still have it, because one without it is on its way or was not put in use, then disabled. */
  state: "indexed" | "pending" | "failed" | "not_indexed" | "leaving" | "disabled";
  /** As it was written; not in lists. */
  text?: string;
  title: string;
  updated_at: string;
  /** Where people find it; may be empty. */
  url: string;
}

export interface KnowledgeFailure {
  at: string;
  /** Of a canary: what came of questions to the version in use meanwhile. */
  before?: CanaryTally;
  /** The golden questions that failed, 20 at most. */
  golden: GoldenFailure[];
  golden_asked: number;
  /** golden: golden questions did not find their documents; too_many: more chunks than an index may have; canary: it answered fewer questions than the version before when it was tried. */
  reason: "golden" | "too_many" | "canary";
  /** Of a canary: what came of questions to it. */
  tried?: CanaryTally;
}

export interface KnowledgeHit {
  chunk: KnowledgeChunk;
  document: FoundDocument;
  /** Bots leave it out because of these words, which speak to machines. */
  left_out?: string;
  /** Higher is better; it does not depend on what else is found. */
  score: number;
  /** What the score is made of. */
  scores: KnowledgeScores;
}

export interface KnowledgeHits {
  /** The best first. */
  data: KnowledgeHit[];
  /** The index that was asked; 0: there is none yet. */
  version: number;
}

export interface KnowledgeIndex {
  built_at: string | null;
  /** The version that is being tried; missing if none is. */
  canary?: KnowledgeCanary;
  /** How the next versions are tried. */
  canary_plan: CanaryPlan;
  chunks: number;
  /** That the index in use has. */
  documents: number;
  /** While building: chunks that are ready. */
  done: number;
  /** Which model made its vectors; empty: it finds by words alone. */
  embedder: string;
  /** Why the last build was not put in use; missing if it was. */
  last_failure?: KnowledgeFailure;
  /** Somebody went back to the version in use: a newer one was in use, or was taken back by hand when it was tried. */
  rolled_back: boolean;
  /** waiting: a build is asked for and begins in a moment. */
  state: "idle" | "waiting" | "building";
  total: number;
  /** Which index is in use; 0: none yet. */
  version: number;
  /** What can be gone back to, the newest first: the last five that were in use, and a few that were only tried. */
  versions: KnowledgeVersion[];
}

export interface KnowledgeScores {
  /** The same of what shops are asked about, in English and Chinese. */
  concepts: number;
  /** Cosine of the meanings of question and heading; 0 without an embedder. */
  heading_vector: number;
  /** The same of parts of words. */
  parts: number;
  /** The same of the text. */
  text_vector: number;
  /** Share of the question's words, 0 to about 1. */
  words: number;
}

export interface KnowledgeVersion {
  active: boolean;
  chunks: number;
  created_at: string;
  documents: number;
  embedder: string;
  /** It is or was in use; others were only tried. */
  used: boolean;
  version: number;
}

export interface Label {
  /** As #rrggbb. Defaults to #64748b. */
  color?: string;
  description?: string;
  name: string;
}

export interface LabelInputBody {
  /** Labels to add to those that there are. */
  add?: string[] | null;
  /** All the labels that it is to have, by name or id. */
  labels?: string[];
  /** Labels to take away. */
  remove?: string[] | null;
}

export interface LeaveOfflineInputBody {
  /** The caller's own id of the message, a UUIDv7: the same again is the same message. */
  cmid?: string;
  /** Where the visitor wants the answer. */
  email: string;
  name?: string;
  text: string;
}

export interface LeftOutPiece {
  /** The words that look like instructions to a machine. */
  found: string;
  /** Of the piece; may be empty. */
  heading: string;
}

export interface ListAIEngine {
  data: AIEngine[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListAITraceEntry {
  data: AITraceEntry[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListAPIToken {
  data: APIToken[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListAgent {
  data: Agent[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListAuditEntry {
  data: AuditEntry[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListConversation {
  data: Conversation[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListDelivery {
  data: Delivery[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListExport {
  data: Export[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListGoldenQuestion {
  data: GoldenQuestion[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListIntent {
  data: Intent[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListKnowledgeDocument {
  data: KnowledgeDocument[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListMail {
  data: Mail[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListOfflineMessage {
  data: OfflineMessage[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListPerson {
  data: Person[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListRecordBlock {
  data: RecordBlock[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListRecordBusinessHours {
  data: RecordBusinessHours[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListRecordCannedResponse {
  data: RecordCannedResponse[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListRecordLabel {
  data: RecordLabel[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListRecordSLA {
  data: RecordSLA[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListRecordTrigger {
  data: RecordTrigger[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListSiteKey {
  data: SiteKey[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListTeam {
  data: Team[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListTenant {
  data: Tenant[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListUnanswered {
  data: Unanswered[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListVisitorEvent {
  data: VisitorEvent[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface ListWebhook {
  data: Webhook[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface LoginInputBody {
  email: string;
  password: string;
  /** The tenant's slug; needed only if the address is in several. */
  tenant?: string;
}

export interface LoginTokens {
  access_token: string;
  agent: Agent;
  /** Seconds until the access token expires. */
  expires_in: number;
  /** Works once; each refresh gives a new one. */
  refresh_token: string;
  token_type: "Bearer";
  ws_url: string;
}

export interface Mail {
  attempts: number;
  conversation_id: string | null;
  created_at: string;
  done_at: string | null;
  /** Why the last attempt failed. */
  error?: string;
  id: string;
  kind: "invite" | "password_reset" | "offline_message" | "transcript";
  /** When it is tried next; null once it was sent or given up. */
  next_attempt_at: string | null;
  /** failed: it was given up. */
  state: "queued" | "sent" | "failed";
  to: string;
}

export interface MailSettings {
  locale: "zh" | "en";
  offline_to: string[];
  updated_at: string | null;
  /** Counts changes; 0 while it is what holds by default. */
  version: number;
}

export interface Match {
  mid: string;
  seq: number;
  /** The part of the message around what was asked for; plain text. */
  snippet: string;
}

export interface Message {
  /** The body that the kind has; see the protocol. */
  body: Record<string, unknown>;
  cmid: string;
  conv: string;
  /** Only as last_message: the body is not what was first sent. */
  edited?: boolean;
  kind: "text" | "image" | "file" | "card" | "form" | "system";
  mid: string;
  /** The seq of the message before it that the caller may see. */
  prev: number;
  /** Only as last_message: the message was taken back, and its body is {}. */
  recalled?: boolean;
  reply_to: string | null;
  role: "system" | "visitor" | "agent" | "bot" | "api";
  /** null: the system. */
  sender: string | null;
  seq: number;
  /** Milliseconds since 1970, UTC. */
  time: number;
  visibility: "public" | "internal";
}

export interface MessagePage {
  /** Nothing is left in the asked range. */
  complete: boolean;
  data: Message[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
}

export interface NewAPIToken {
  created_at: string;
  /** The agent who made it; null: the command line. */
  created_by: string | null;
  /** null: never. */
  expires_at: string | null;
  /** How the token starts and ends. */
  hint: string;
  id: string;
  /** To about a minute; null: never. */
  last_used_at: string | null;
  name: string;
  scopes: string[];
  /** The token. It is shown this once: only its hash is kept. */
  token: string;
}

export interface NewAgent {
  /** How many open conversations routing gives at once. */
  capacity: number;
  created_at: string;
  disabled: boolean;
  email: string;
  id: string;
  /** If the agent is to choose a password. */
  invite?: Invite;
  name: string;
  role: "owner" | "admin" | "supervisor" | "agent" | "viewer";
  status: "offline" | "online" | "busy" | "away";
  teams: string[];
}

export interface NewSiteKey {
  created_at: string | null;
  /** The same as key. */
  id: string;
  key: string;
  name: string;
  /** The pages that may use it; empty: every page. */
  origins: string[];
  /** Signs identities, on the shop's server. It is shown this once. */
  secret: string;
  /** How many secrets sign identities now. They are not shown again. */
  secrets: number;
  /** How the site wants its widget. Everybody may read it. */
  widget: Widget;
}

export interface NewTenant {
  created_at: string;
  id: string;
  name: string;
  owner?: Agent;
  site_key: NewSiteKey;
  slug: string;
}

export interface NoteInputBody {
  /** As in messages; made here if missing. */
  cmid?: string;
  text: string;
}

export interface OfflineMessage {
  /** Where it waits to be answered. */
  conversation_id: string;
  created_at: string;
  /** When somebody saw to it; null before. */
  done_at: string | null;
  done_by: string | null;
  email: string;
  id: string;
  message_id: string;
  name?: string;
  text: string;
  visitor_id: string;
}

export interface OnlineVisitor {
  /** What the site told of the cart last; null if it is empty. */
  cart: Record<string, unknown> | null;
  cart_value: number;
  /** The open conversation, or null. */
  conversation_id: string | null;
  email: string;
  external_id: string;
  id: string;
  /** When it last did something that is known. */
  last_seen_at: string;
  locale: string;
  name: string;
  /** Where the visitor is. */
  page: string;
  /** How many pages it has looked at, as far as the site tells (TRACK). */
  pages: number;
  /** Since when the visitor is here. */
  since: string;
  state: "idle" | "queued" | "chatting";
  /** The newest things that the visitor did on the site, the newest first. */
  trail: VisitorEvent[];
  verified: boolean;
}

export interface OnlineVisitors {
  /** false: a node has not answered, and its visitors are missing. */
  complete: boolean;
  data: OnlineVisitor[];
  /** Give it as cursor to get what follows; null at the end. */
  next_cursor: string | null;
  /** How many match. */
  total: number;
}

export interface Overview {
  /** Of those closed: the visitor still waited for a person's first answer. */
  abandoned: number;
  agent_id: string | null;
  agent_messages: number;
  /** Of API tokens. */
  api_messages: number;
  bot_messages: number;
  closed: number;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** Conversations that began. */
  created: number;
  first_response: Durations;
  handoffs: Handoffs;
  queue: QueueWaits;
  ratings: Scores;
  reopened: number;
  resolution: Durations;
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** As it was rounded. */
  until: string;
  visitor_messages: number;
}

export interface OwnerInput {
  email: string;
  name: string;
  password: string;
}

export interface PasswordInputBody {
  current_password: string;
  new_password: string;
}

export interface PatchBlock {
  /** Until when it holds; for ever if missing. */
  expires_at?: string;
  kind?: "visitor" | "address" | "fingerprint";
  reason?: string;
  /** A visitor's id; an address or a range of them, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32; or what the page named as fingerprint. */
  value?: string;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchBotSettings {
  /** What it leaves to people, as people name it: words of a question, or what is meant by it, such as refund. */
  avoid?: string[] | null;
  /** Who has a conversation that begins, or that its visitor reopens: bot (the default), or people, and the bot is there for those who ask for it. */
  begins?: "bot" | "people";
  budget?: AIBudget;
  /** How often it asks back in one conversation, with buttons, before a person takes over: 0 to 2. Defaults to 2. */
  clarify?: number;
  /** While it is off conversations begin with people, and what it had not answered yet goes to them. */
  enabled?: boolean;
  /** How engines are asked: cheapest, one by one, the next when one is slow or fails; or parallel, the four cheapest at once, of which the first answer that the knowledge supports is said, and each of which is paid for. Defaults to cheapest. */
  engines?: "cheapest" | "parallel";
  /** What it says first. None by default. */
  greeting?: Bilingual;
  /** When it answers: always, only within the business hours, or only outside of them. Defaults to always. */
  hours?: "always" | "open" | "closed";
  /** In which it answers: zh, en. Who writes in another language gets a person. Both by default. */
  languages?: string[] | null;
  /** Under which its answers are shown. Defaults to Bot. */
  name?: string;
  thresholds?: BotThresholds;
  /** Defaults to friendly. */
  tone?: "friendly" | "neutral" | "formal";
  /** What it may talk about, as people name it: people answer all else. Whatever the knowledge base holds by default. */
  topics?: string[] | null;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchBusinessHours {
  holidays?: Holiday[] | null;
  name?: string;
  /** Where they hold; everywhere if missing. */
  site_key?: string;
  /** IANA name, such as Asia/Shanghai. */
  time_zone?: string;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
  weekly?: WeeklySpan[];
}

export interface PatchCannedResponse {
  /** What an agent writes behind a /: unique, whatever its case, without blanks. */
  shortcut?: string;
  /** Whose answer it is; everybody's if missing. */
  team_id?: string;
  /** The console fills in {{visitor.name}}, {{visitor.email}} and {{agent.name}}; {{visitor.name|there}} says what stands for it where it is not known. */
  text?: string;
  title?: string;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchLabel {
  /** As #rrggbb. Defaults to #64748b. */
  color?: string;
  description?: string;
  name?: string;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchMailSettings {
  /** Of mails to the team. Defaults to zh. */
  locale?: "zh" | "en";
  /** Addresses that are told of messages which visitors leave when nobody is there. None by default: the messages wait in the queue. */
  offline_to?: string[] | null;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchRetention {
  /** Entries of the audit log; 30 at least. 0: for ever. */
  audit_days?: number;
  /** What was written in conversations that have been closed, and untouched, for this long is removed, with their files, what was left while nobody was there, their mails, and exports that are this old. That there was an entry, and when, stays, so that counts hold. 0: never. */
  conversations_days?: number;
  /** Webhooks' events and deliveries. 0: as long as the program keeps them. */
  deliveries_days?: number;
  /** What visitors did on the site: pages, carts, orders. 0: the last 200 of each visitor are kept. */
  events_days?: number;
  /** To whom mails were sent. 0: as long as the program keeps it. */
  mails_days?: number;
  /** Files of closed conversations that are this old are removed. 0: with their conversations. */
  uploads_days?: number;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchRouting {
  /** Whoever was given a conversation and has not answered for so long loses it to somebody else with room, if there is one. 0: nobody does. */
  reoffer_seconds?: number;
  /** Whoever answered a visitor last comes first. Defaults to true. */
  sticky?: boolean;
  /** Who gets the next one: whoever has the fewest, each in turn, or whoever takes it. Defaults to least_loaded. */
  strategy?: "least_loaded" | "round_robin" | "manual";
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchSLA {
  /** Time counts outside of business hours, too. */
  any_time?: boolean;
  /** Until an agent's first answer. 0: not promised. */
  first_response_seconds?: number;
  name?: string;
  /** Until it is closed, from its beginning or when it was reopened. 0: not promised. */
  resolution_seconds?: number;
  /** Whose conversations it is for; those of teams without one of their own if missing. */
  team_id?: string;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface PatchTrigger {
  conditions?: TriggerConditions;
  /** Defaults to true. */
  enabled?: boolean;
  /** How many of a hundred visitors never get it, so that its effect can be measured. */
  hold_out_percent?: number;
  message?: Bilingual;
  name?: string;
  /** Where it holds; everywhere if missing. */
  site_key?: string;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface Person {
  /** A JSON object. */
  attributes: Record<string, unknown>;
  /** The blocklist names the visitor. */
  blocked: boolean;
  /** How many there are, counted up to 1000. */
  conversations: number;
  email: string;
  /** When the person was erased: what is left is there to be counted. null if not. */
  erased_at: string | null;
  /** The shop's id of the person; a note only, unless verified. */
  external_id: string;
  first_seen_at: string;
  id: string;
  last_seen_at: string | null;
  locale: string;
  name: string;
  /** Where the visitor first wrote. */
  page: string;
  phone: string;
  /** The newest things that the visitor did on the site, the newest first; not in lists. */
  trail?: VisitorEvent[];
  /** The shop signed external_id. */
  verified: boolean;
  /** Counts the staff's changes, from 1. */
  version: number;
}

export interface PreChat {
  fields?: WidgetField[] | null;
  /** Above the fields, at most 500 characters. */
  text?: Bilingual;
}

export interface Problem {
  /** Who was faster, for a 409 of accept. */
  assignee_id?: string;
  /** What to complete at /api/v1/auth/totp within 5 minutes, for a 401 totp_required. */
  challenge?: string;
  /** Stable, machine-readable name of the problem. */
  code: string;
  /** The conversation that stands in the way, for a 409. */
  conversation_id?: string;
  /** What happened this time: in Chinese if Accept-Language asks for it and it is for people, otherwise in English. */
  detail?: string;
  /** For 429 only: the same as title. */
  error?: string;
  /** What is wrong, field by field. */
  errors?: ErrorDetail[];
  /** The id of this request, as in X-Request-Id. */
  request_id?: string;
  /** The scope that the API token lacks, for a 403 scope_missing. */
  required_scope?: string;
  /** The HTTP status. */
  status: number;
  /** What kind of problem it is, in the caller's language (zh unless en is asked for). */
  title: string;
  /** Always about:blank: code says what it is. */
  type: string;
}

export interface PutIntentInputBody {
  /** Defaults to answer. */
  action?: "answer" | "handoff" | "reply";
  description?: string;
  /** Sentences that ask for it, in any language, 1 to 300 characters each; all intents together have 5000 at most. Ten teach something, fifty teach much. No two intents have the same. */
  examples: string[];
  /** Of reply: what is said. The other language's text is used if one is missing. */
  reply?: Bilingual;
  /** Of handoff: whose queue. Anybody's by default. */
  team_id?: string;
}

export interface QueueReport {
  /** Those who are not offline, or have open conversations. */
  agents: AgentAtNow[];
  /** Who can be given conversations now. */
  agents_online: number;
  /** How many more conversations they can be given. */
  free_capacity: number;
  /** 0 if nobody waits. */
  longest_wait_seconds: number;
  /** Queues that are not empty. */
  teams: TeamQueue[];
  waiting: number;
}

export interface QueueWaits {
  count: number;
  /** Closed while they waited. */
  left: number;
  mean_seconds: number | null;
  /** At most 6.25 % away from the exact one, or 64 ms. */
  median_seconds: number | null;
  /** The same: nine of ten were not above. */
  p90_seconds: number | null;
}

export interface RateInputBody {
  comment?: string;
  rating: number;
}

export interface RatingsReport {
  agent_id: string | null;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** Oldest first. The first and the last one may be cut off. */
  data: ScoresAt[];
  interval: "hour" | "day";
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** Of all of it. */
  total: Scores;
  /** As it was rounded. */
  until: string;
}

export interface ReadInputBody {
  /** Everything up to and including it was read. */
  seq: number;
}

export interface ReadMark {
  delivered: number;
  read: number;
}

export interface RecordBlock {
  created_at: string;
  /** Until when it holds; for ever if missing. */
  expires_at?: string;
  id: string;
  kind: "visitor" | "address" | "fingerprint";
  reason?: string;
  updated_at: string;
  /** A visitor's id; an address or a range of them, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32; or what the page named as fingerprint. */
  value: string;
  /** Counts changes, from 1. */
  version: number;
}

export interface RecordBusinessHours {
  created_at: string;
  holidays?: Holiday[] | null;
  id: string;
  name: string;
  /** Where they hold; everywhere if missing. */
  site_key?: string;
  /** IANA name, such as Asia/Shanghai. */
  time_zone: string;
  updated_at: string;
  /** Counts changes, from 1. */
  version: number;
  weekly: WeeklySpan[];
}

export interface RecordCannedResponse {
  created_at: string;
  id: string;
  /** What an agent writes behind a /: unique, whatever its case, without blanks. */
  shortcut: string;
  /** Whose answer it is; everybody's if missing. */
  team_id?: string;
  /** The console fills in {{visitor.name}}, {{visitor.email}} and {{agent.name}}; {{visitor.name|there}} says what stands for it where it is not known. */
  text: string;
  title?: string;
  updated_at: string;
  /** Counts changes, from 1. */
  version: number;
}

export interface RecordLabel {
  /** As #rrggbb. Defaults to #64748b. */
  color?: string;
  created_at: string;
  description?: string;
  id: string;
  name: string;
  updated_at: string;
  /** Counts changes, from 1. */
  version: number;
}

export interface RecordSLA {
  /** Time counts outside of business hours, too. */
  any_time?: boolean;
  created_at: string;
  /** Until an agent's first answer. 0: not promised. */
  first_response_seconds?: number;
  id: string;
  name: string;
  /** Until it is closed, from its beginning or when it was reopened. 0: not promised. */
  resolution_seconds?: number;
  /** Whose conversations it is for; those of teams without one of their own if missing. */
  team_id?: string;
  updated_at: string;
  /** Counts changes, from 1. */
  version: number;
}

export interface RecordTrigger {
  conditions: TriggerConditions;
  created_at: string;
  /** Defaults to true. */
  enabled?: boolean;
  /** How many of a hundred visitors never get it, so that its effect can be measured. */
  hold_out_percent?: number;
  id: string;
  message: Bilingual;
  name: string;
  /** Where it holds; everywhere if missing. */
  site_key?: string;
  updated_at: string;
  /** Counts changes, from 1. */
  version: number;
}

export interface RecoveryCodes {
  /** Shown this once: only their hashes are kept. */
  recovery_codes: string[];
}

export interface RefreshInputBody {
  /** Random, made up for this one exchange and kept beside the refresh token until the answer is there. Whoever did not get the answer asks again with the same within 10 minutes, as long as no token given for this one was used; the newest answer counts. Without it, or with another, a token that comes twice ends its log-in. */
  attempt?: string;
  refresh_token: string;
}

export interface RenameInputBody {
  name: string;
}

export interface ResetInputBody {
  email: string;
  /** The tenant's slug; without it, every account of the address gets a mail. */
  tenant?: string;
}

export interface Retention {
  audit_days: number;
  conversations_days: number;
  deliveries_days: number;
  events_days: number;
  mails_days: number;
  updated_at: string | null;
  uploads_days: number;
  /** Counts changes; 0 while everything is kept by default. */
  version: number;
}

export interface RollBackInputBody {
  /** 0, the default, is the newest one before the one in use that was in use; while a version is tried, it keeps the one in use, and ends the trial. */
  version?: number;
}

export interface RotateInputBody {
  /** true if the old secrets leaked: only the new one is good then, at once. */
  end_old?: boolean;
}

export interface RotateWebhookInputBody {
  /** false ends the secret before it at once; otherwise both sign until the next rotation. */
  keep_old?: boolean;
}

export interface Routing {
  /** 0: nobody loses a conversation by silence. */
  reoffer_seconds: number;
  sticky: boolean;
  strategy: "least_loaded" | "round_robin" | "manual";
  updated_at: string | null;
  /** Counts changes; 0 while it is what holds by default. */
  version: number;
}

export interface SLA {
  /** Time counts outside of business hours, too. */
  any_time?: boolean;
  /** Until an agent's first answer. 0: not promised. */
  first_response_seconds?: number;
  name: string;
  /** Until it is closed, from its beginning or when it was reopened. 0: not promised. */
  resolution_seconds?: number;
  /** Whose conversations it is for; those of teams without one of their own if missing. */
  team_id?: string;
}

export interface Scores {
  count: number;
  /** How many for each of 1 to 5. */
  distribution: Record<string, number>;
  mean: number | null;
}

export interface ScoresAt {
  count: number;
  /** How many for each of 1 to 5. */
  distribution: Record<string, number>;
  mean: number | null;
  start: string;
}

export interface SecondFactor {
  enabled: boolean;
  recovery_codes_left: number;
}

export interface SendInputBody {
  /** The body that the kind has; see the protocol. */
  body: Record<string, unknown>;
  /** The caller's own id of the message, a UUIDv7: the same again is the same message. */
  cmid: string;
  kind?: "text" | "image" | "file" | "card" | "form";
  /** The mid of the message that this answers. */
  reply_to?: string;
  visibility?: "public" | "internal";
}

export interface SentMessage {
  /** The body that the kind has; see the protocol. */
  body: Record<string, unknown>;
  cmid: string;
  conv: string;
  /** The same cmid was sent before; this is the first one's seq and time. */
  dup: boolean;
  /** Only as last_message: the body is not what was first sent. */
  edited?: boolean;
  kind: "text" | "image" | "file" | "card" | "form" | "system";
  mid: string;
  /** The seq of the message before it that the caller may see. */
  prev: number;
  /** Only as last_message: the message was taken back, and its body is {}. */
  recalled?: boolean;
  reply_to: string | null;
  role: "system" | "visitor" | "agent" | "bot" | "api";
  /** null: the system. */
  sender: string | null;
  seq: number;
  /** Milliseconds since 1970, UTC. */
  time: number;
  visibility: "public" | "internal";
}

export interface SessionInputBody {
  /** A JSON object of at most 4 KiB. */
  attributes?: Record<string, unknown> | null;
  /** The page load's id, as in CONNECT. */
  device?: string;
  email?: string;
  /** The shop's id of the person; a note only, unless signed. */
  external_id?: string;
  /** What the page knows its device again by, if it does: the blocklist may name it. */
  fingerprint?: string;
  /** Hexadecimal HMAC-SHA256 of external_id under the site's secret. */
  identity_hmac?: string;
  /** JWT (HS256) signed with the site's secret: sub or external_id, exp. */
  identity_token?: string;
  locale?: string;
  name?: string;
  /** What the shop's page is known by. */
  site_key: string;
}

export interface SiteKey {
  created_at: string | null;
  /** The same as key. */
  id: string;
  key: string;
  name: string;
  /** The pages that may use it; empty: every page. */
  origins: string[];
  /** How many secrets sign identities now. They are not shown again. */
  secrets: number;
  /** How the site wants its widget. Everybody may read it. */
  widget: Widget;
}

export interface SnoozeInputBody {
  /** When it wakes by itself; without it, when its visitor writes. */
  until?: string | null;
}

export interface Span {
  from: string;
  to: string;
}

export interface Team {
  created_at: string;
  id: string;
  name: string;
}

export interface TeamQueue {
  longest_wait_seconds: number;
  name: string;
  /** null: of no team. */
  team_id: string | null;
  waiting: number;
}

export interface TeamWork {
  /** Of those closed: the visitor still waited for a person's first answer. */
  abandoned: number;
  /** Conversations that were given to it, or that it took. */
  assigned: number;
  closed: number;
  /** Of the first answers that it gave. */
  first_response: Durations;
  /** Public ones that it wrote. */
  messages: number;
  /** Empty if there is no such team any more. */
  name: string;
  ratings: Scores;
  resolution: Durations;
  /** null: conversations of no team. */
  team_id: string | null;
  /** That it handed on. */
  transfers: number;
}

export interface TeamsReport {
  agent_id: string | null;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** By name. */
  data: TeamWork[];
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** As it was rounded. */
  until: string;
}

export interface Tenant {
  created_at: string;
  id: string;
  name: string;
  slug: string;
}

export interface TransferInputBody {
  /** Who gets it. */
  agent_id?: string;
  /** For whoever takes it. */
  note?: string;
  /** Whose queue it goes to, or the team of the agent. */
  team_id?: string;
}

export interface Trigger {
  conditions: TriggerConditions;
  /** Defaults to true. */
  enabled?: boolean;
  /** How many of a hundred visitors never get it, so that its effect can be measured. */
  hold_out_percent?: number;
  message: Bilingual;
  name: string;
  /** Where it holds; everywhere if missing. */
  site_key?: string;
}

export interface TriggerConditions {
  /** What is in the cart is worth this much at least. */
  cart_value_min?: number;
  seconds_on_page?: number;
  /** One of these is the page's address; * stands for anything. */
  url?: string[] | null;
}

export interface TryIntentInputBody {
  /** A message as a visitor would write it. */
  text: string;
}

export interface Unanswered {
  /** How often it was asked. */
  count: number;
  first_at: string;
  id: string;
  last_at: string;
  question: string;
}

export interface UnansweredInputBody {
  question: string;
}

export interface UpdateAgentInputBody {
  capacity?: number;
  /** true ends every log-in of the agent. */
  disabled?: boolean;
  name?: string;
  /** Ends every log-in of the agent. */
  password?: string;
  role?: "owner" | "admin" | "supervisor" | "agent" | "viewer";
  teams?: string[];
}

export interface UpdateConversationInputBody {
  /** A merge patch (RFC 7396) of the context: null takes a member away. The whole may have 16 KiB. */
  context?: Record<string, unknown> | null;
  /** Higher is routed first; 0 to begin with. */
  priority?: number;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface UpdateDocumentInputBody {
  enabled?: boolean;
  format?: "markdown" | "html" | "text" | "csv";
  language?: string;
  text?: string;
  title?: string;
  url?: string;
}

export interface UpdateEngineInputBody {
  /** Another server does not get the key: then key must be given, too. */
  base_url?: string;
  completion_price?: number;
  enabled?: boolean;
  first_token_ms?: number;
  /** Another one; an empty text takes it away. It stays if this is left out. */
  key?: string;
  model?: string;
  name?: string;
  position?: number;
  prompt_price?: number;
  total_ms?: number;
}

export interface UpdateGoldenInputBody {
  document_id?: string;
  question?: string;
  within?: number;
}

export interface UpdateSiteKeyInputBody {
  name?: string;
  origins?: string[];
  /** As a whole: what it does not name is as the widget has it by default. */
  widget?: Widget;
}

export interface UpdateVisitorInputBody {
  /** A JSON object that is laid over what is there (RFC 7396): members that are null go; at most 4 KiB in all. */
  attributes?: Record<string, unknown> | null;
  email?: string;
  name?: string;
  phone?: string;
  /** The version that the caller has seen: 409 if it is another by now. */
  version?: number;
}

export interface UpdateWebhookInputBody {
  description?: string;
  events?: string[];
  /** active also enables one that was disabled, and tries it at once. */
  state?: "active" | "paused";
  url?: string;
}

export interface Upload {
  /** The only conversation whose messages may name it; null until one does. */
  conversation_id: string | null;
  created_at: string;
  height?: number;
  id: string;
  link: FileLink;
  mime: string;
  /** As it was kept: without path, control characters and the like. */
  name: string;
  /** Of what was kept, hexadecimal. */
  sha256: string;
  /** Bytes, as they were kept. */
  size: number;
  /** What a message of kind image or file names it by, and where it is read with a credential. */
  url: string;
  /** Pixels of an image, as it is shown. */
  width?: number;
}

export interface Visitor {
  email?: string;
  external_id?: string;
  id: string;
  locale?: string;
  name?: string;
  /** The shop signed external_id. */
  verified: boolean;
}

export interface VisitorEvent {
  at: string;
  /** A JSON object. */
  data: Record<string, unknown>;
  id: string;
  name: "page_view" | "cart_updated" | "order_placed" | "custom";
}

export interface Volume {
  /** Of those closed: the visitor still waited for a person's first answer. */
  abandoned: number;
  agent_messages: number;
  /** Of API tokens. */
  api_messages: number;
  bot_messages: number;
  closed: number;
  /** Conversations that began. */
  created: number;
  reopened: number;
  visitor_messages: number;
}

export interface VolumeAt {
  /** Of those closed: the visitor still waited for a person's first answer. */
  abandoned: number;
  agent_messages: number;
  /** Of API tokens. */
  api_messages: number;
  bot_messages: number;
  closed: number;
  /** Conversations that began. */
  created: number;
  reopened: number;
  start: string;
  visitor_messages: number;
}

export interface VolumeReport {
  agent_id: string | null;
  /** false: after an upgrade, conversations of before are still being counted. */
  complete: boolean;
  /** Oldest first. The first and the last one may be cut off. */
  data: VolumeAt[];
  interval: "hour" | "day";
  /** As it was rounded. */
  since: string;
  team_id: string | null;
  timezone: string;
  /** Of all of it. */
  total: Volume;
  /** As it was rounded. */
  until: string;
}

export interface Webhook {
  created_at: string;
  description: string;
  /** What it is sent; * stands for everything. */
  events: string[];
  /** Attempts that failed in a row. */
  failures: number;
  id: string;
  /** It failed too often: nothing is sent to it before this time. */
  retry_at: string | null;
  /** The newest secret, only where it was made just now. */
  secret?: string;
  /** The last characters of the live secrets, newest first. */
  secret_hints: string[];
  /** Events for a paused one are kept until it is active again; for a disabled one they are not. */
  state: "active" | "paused" | "disabled";
  updated_at: string;
  url: string;
  /** Why it is disabled. */
  why: string | null;
}

export interface WeeklySpan {
  day: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
  /** As 09:00, local time. */
  from: string;
  /** As 18:00, or 24:00 for the day's end; later than from. */
  to: string;
}

export interface Widget {
  /** An https address: a picture of who answers, shown while an agent is online. */
  avatar?: string;
  /** As #rrggbb: the button, the head, the visitor's own messages. */
  color?: string;
  /** What is written on color. White or nearly black if missing, whichever reads better. */
  color_on?: string;
  /** Where color's gradient goes. */
  color_to?: string;
  /** Above the first message, at most 500 characters. */
  greeting?: Bilingual;
  /** No button: the page opens the chat itself. */
  hide_launcher?: boolean;
  /** Words beside the sign on the button, at most 40 characters; a round button if missing. */
  launcher?: Bilingual;
  /** An https address: the picture at the top. */
  logo?: string;
  /** When a form for a message and an e-mail address stands in place of the chat: outside the business hours (closed, the default), then and while no agent is online (away), or never. */
  offline_form?: "closed" | "away" | "never";
  /** Above that form, at most 500 characters. */
  offline_text?: Bilingual;
  /** Whether agents see the pages that a visitor looks at. Defaults to true. */
  page_views?: boolean;
  /** Defaults to right; the other side where the language is written from the right. */
  position?: "right" | "left";
  /** What is asked before the first message. */
  pre_chat?: PreChat;
  /** Whether messages make a sound before the visitor says. Defaults to true. */
  sound?: boolean;
  /** Questions to begin with, each at most 200 characters. */
  starters?: Bilingual[] | null;
  /** Defaults to auto, the visitor's own. */
  theme?: "auto" | "light" | "dark";
  /** The name at the top, at most 60 characters. */
  title?: Bilingual;
  /** Whether triggers may fire here. Defaults to true. */
  triggers?: boolean;
}

export interface WidgetConfig {
  /** An agent is there, as of a second ago. */
  agents_online: boolean;
  /** Those that hold for the site. */
  business_hours: BusinessHours[];
  /** How long visitors usually waited for an agent in the last hour (the median); null if they were too few to tell. */
  join_seconds: number | null;
  /** When it opens next; null while it is open, and if it does not within a year. */
  next_open_at: string | null;
  /** Somebody is there by the business hours; true without any. */
  open: boolean;
  /** Those that are enabled for the site. */
  triggers: WidgetTrigger[];
  /** How the site wants its widget; see the site key. */
  widget: Widget;
}

export interface WidgetField {
  /** At most 80 characters; name and email have their own. */
  label?: Bilingual;
  /** name, email, or the name of an attribute. */
  name: string;
  /** Of a select. */
  options?: WidgetOption[] | null;
  required?: boolean;
  /** Defaults to text; email's is email. */
  type?: "text" | "email" | "tel" | "number" | "textarea" | "select" | "checkbox";
}

export interface WidgetOption {
  /** At most 80 characters; the value itself if missing. */
  label?: Bilingual;
  value: string;
}

export interface WidgetSession {
  /** How the site wants its widget. */
  config: WidgetConfig;
  /** The visitor's open conversation, or null. */
  conversation_id: string | null;
  expires_at: string;
  token: string;
  visitor: Visitor;
  ws_url: string;
}

export interface WidgetTrigger {
  conditions: TriggerConditions;
  /** The visitor is one of those who never get it. */
  held_out: boolean;
  id: string;
  message: Bilingual;
  name: string;
}

/** What each operation takes and answers. */
export interface Api {
  /** List agents. */
  "GET /agents": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListAgent;
  };
  /** Create an agent, with a password or by an invite. */
  "POST /agents": {
    path: unknown;
    query: unknown;
    body: CreateAgentInputBody;
    answer: NewAgent;
  };
  /** One agent. */
  "GET /agents/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Agent;
  };
  /** Change an agent. */
  "PATCH /agents/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateAgentInputBody;
    answer: Agent;
  };
  /** Invite an agent again; the link before ends. */
  "POST /agents/{id}/invite": {
    path: { id: string };
    query: unknown;
    body: InviteInputBody;
    answer: Invite;
  };
  /** Ask what the bot would answer; nothing is written to a conversation. */
  "POST /ai/ask": {
    path: unknown;
    query: unknown;
    body: AskInputBody;
    answer: AIAnswer;
  };
  /** List engines, in the order of position; nobody is shown a key. */
  "GET /ai/engines": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListAIEngine;
  };
  /** Add an engine: a server that speaks like OpenAI's chat completions. */
  "POST /ai/engines": {
    path: unknown;
    query: unknown;
    body: CreateEngineInputBody;
    answer: AIEngine;
  };
  /** Delete an engine and its key. */
  "DELETE /ai/engines/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One engine. */
  "GET /ai/engines/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: AIEngine;
  };
  /** Change an engine. */
  "PATCH /ai/engines/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateEngineInputBody;
    answer: AIEngine;
  };
  /** Ask an engine one tiny question, and be told what is wrong. */
  "POST /ai/engines/{id}/test": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: AIEngineTest;
  };
  /** List the tenant's own intents, by name, without their examples. */
  "GET /ai/intents": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListIntent;
  };
  /** Add examples to intents, and make the intents that are not there yet. */
  "POST /ai/intents/examples": {
    path: unknown;
    query: unknown;
    body: ImportIntentsInputBody;
    answer: IntentImport;
  };
  /** What a message would be taken for, and what would be done; nothing is written. */
  "POST /ai/intents/test": {
    path: unknown;
    query: unknown;
    body: TryIntentInputBody;
    answer: IntentTest;
  };
  /** Delete an intent. */
  "DELETE /ai/intents/{name}": {
    path: { name: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One intent with its examples. */
  "GET /ai/intents/{name}": {
    path: { name: string };
    query: unknown;
    body: undefined;
    answer: Intent;
  };
  /** Make an intent, or put another one in its place; it is in use when it was trained. */
  "PUT /ai/intents/{name}": {
    path: { name: string };
    query: unknown;
    body: PutIntentInputBody;
    answer: Intent;
  };
  /** Up to three answers to what a visitor wrote last, for an agent to choose from. */
  "POST /ai/suggest": {
    path: unknown;
    query: unknown;
    body: AboutInputBody;
    answer: AISuggestions;
  };
  /** What a conversation is about. */
  "POST /ai/summary": {
    path: unknown;
    query: unknown;
    body: AboutInputBody;
    answer: AISummary;
  };
  /** What became of questions, newest first. */
  "GET /ai/traces": {
    path: unknown;
    query: { conversation?: string; outcome?: string; cursor?: string; limit?: number };
    body: undefined;
    answer: ListAITraceEntry;
  };
  /** How one outcome came about. */
  "GET /ai/traces/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: AITrace;
  };
  /** Whether the intents are trained, and how well they are told apart. */
  "GET /ai/training": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: IntentTraining;
  };
  /** What engines used, day by day, and what is left of today's budget. */
  "GET /ai/usage": {
    path: unknown;
    query: { days?: number };
    body: undefined;
    answer: AIUsage;
  };
  /** List API tokens. */
  "GET /api-tokens": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListAPIToken;
  };
  /** Create an API token; it is shown once. */
  "POST /api-tokens": {
    path: unknown;
    query: unknown;
    body: CreateAPITokenInputBody;
    answer: NewAPIToken;
  };
  /** Revoke an API token and close its connections. */
  "DELETE /api-tokens/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One API token. */
  "GET /api-tokens/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: APIToken;
  };
  /** Who did what, newest first. */
  "GET /audit-log": {
    path: unknown;
    query: { actor?: string; action?: string; target?: string; since?: string; until?: string; cursor?: string; limit?: number };
    body: undefined;
    answer: ListAuditEntry;
  };
  /** Choose the password of an account that was made for you. */
  "POST /auth/invite/accept": {
    path: unknown;
    query: unknown;
    body: ChoosePasswordInputBody;
    answer: undefined;
  };
  /** Log in with e-mail and password. */
  "POST /auth/login": {
    path: unknown;
    query: unknown;
    body: LoginInputBody;
    answer: LoginTokens;
  };
  /** End this log-in, its tokens and connections. */
  "POST /auth/logout": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** Change your password; every earlier log-in of yours ends. */
  "POST /auth/password": {
    path: unknown;
    query: unknown;
    body: PasswordInputBody;
    answer: LoginTokens;
  };
  /** Choose a new password; every earlier log-in ends. */
  "POST /auth/password/reset/confirm": {
    path: unknown;
    query: unknown;
    body: ChoosePasswordInputBody;
    answer: undefined;
  };
  /** Exchange a refresh token. */
  "POST /auth/refresh": {
    path: unknown;
    query: unknown;
    body: RefreshInputBody;
    answer: LoginTokens;
  };
  /** Complete a log-in with a code of the second factor. */
  "POST /auth/totp": {
    path: unknown;
    query: unknown;
    body: ChallengeInputBody;
    answer: LoginTokens;
  };
  /** Turn your second factor on; recovery codes are shown once. */
  "POST /auth/totp/confirm": {
    path: unknown;
    query: unknown;
    body: ConfirmInputBody;
    answer: RecoveryCodes;
  };
  /** Turn your second factor off. */
  "POST /auth/totp/disable": {
    path: unknown;
    query: unknown;
    body: DisableInputBody;
    answer: undefined;
  };
  /** Get a secret for an authenticator app. */
  "POST /auth/totp/enrol": {
    path: unknown;
    query: unknown;
    body: EnrolInputBody;
    answer: Enrolment;
  };
  /** Whether your second factor is on. */
  "GET /auth/totp/status": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: SecondFactor;
  };
  /** List them, the oldest first. */
  "GET /blocklist": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListRecordBlock;
  };
  /** Add one. */
  "POST /blocklist": {
    path: unknown;
    query: unknown;
    body: Block;
    answer: RecordBlock;
  };
  /** Delete one. */
  "DELETE /blocklist/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One of them. */
  "GET /blocklist/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: RecordBlock;
  };
  /** Change one. */
  "PATCH /blocklist/{id}": {
    path: { id: string };
    query: unknown;
    body: PatchBlock;
    answer: RecordBlock;
  };
  /** Turn the bot off and forget its settings. */
  "DELETE /bot": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** How the bot answers. */
  "GET /bot": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: Bot;
  };
  /** Change how the bot answers. */
  "PATCH /bot": {
    path: unknown;
    query: unknown;
    body: PatchBotSettings;
    answer: Bot;
  };
  /** List them, the oldest first. */
  "GET /business-hours": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListRecordBusinessHours;
  };
  /** Add one. */
  "POST /business-hours": {
    path: unknown;
    query: unknown;
    body: BusinessHours;
    answer: RecordBusinessHours;
  };
  /** Delete one. */
  "DELETE /business-hours/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One of them. */
  "GET /business-hours/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: RecordBusinessHours;
  };
  /** Change one. */
  "PATCH /business-hours/{id}": {
    path: { id: string };
    query: unknown;
    body: PatchBusinessHours;
    answer: RecordBusinessHours;
  };
  /** List them, the oldest first. */
  "GET /canned-responses": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListRecordCannedResponse;
  };
  /** Add one. */
  "POST /canned-responses": {
    path: unknown;
    query: unknown;
    body: CannedResponse;
    answer: RecordCannedResponse;
  };
  /** Delete one. */
  "DELETE /canned-responses/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One of them. */
  "GET /canned-responses/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: RecordCannedResponse;
  };
  /** Change one. */
  "PATCH /canned-responses/{id}": {
    path: { id: string };
    query: unknown;
    body: PatchCannedResponse;
    answer: RecordCannedResponse;
  };
  /** List conversations, newest activity first, or those that a search finds. */
  "GET /conversations": {
    path: unknown;
    query: { status?: string; assignee?: string; team?: string; visitor?: string; label?: string; since?: string; until?: string; q?: string; sort?: "activity" | "waiting"; cursor?: string; limit?: number };
    body: undefined;
    answer: ListConversation;
  };
  /** One conversation. */
  "GET /conversations/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Conversation;
  };
  /** Change priority and context. */
  "PATCH /conversations/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateConversationInputBody;
    answer: Conversation;
  };
  /** Take a queued conversation. */
  "POST /conversations/{id}/accept": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Conversation;
  };
  /** Give a conversation to an agent, or back to the queue. */
  "POST /conversations/{id}/assign": {
    path: { id: string };
    query: unknown;
    body: AssignInputBody;
    answer: Conversation;
  };
  /** Close a conversation. */
  "POST /conversations/{id}/close": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Conversation;
  };
  /** Ask for a person, or for the bot. */
  "POST /conversations/{id}/handoff": {
    path: { id: string };
    query: unknown;
    body: HandoffInputBody;
    answer: Conversation;
  };
  /** Set, add or remove labels. */
  "POST /conversations/{id}/labels": {
    path: { id: string };
    query: unknown;
    body: LabelInputBody;
    answer: Conversation;
  };
  /** Messages of a conversation, oldest first. */
  "GET /conversations/{id}/messages": {
    path: { id: string };
    query: { after?: number; before?: number; newest?: boolean; cursor?: string; limit?: number };
    body: undefined;
    answer: MessagePage;
  };
  /** Send a message; the same cmid again is the same message. */
  "POST /conversations/{id}/messages": {
    path: { id: string };
    query: unknown;
    body: SendInputBody;
    answer: SentMessage;
  };
  /** Take a message back. */
  "DELETE /conversations/{id}/messages/{mid}": {
    path: { id: string; mid: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** Change what a message of the caller's own shows. */
  "PATCH /conversations/{id}/messages/{mid}": {
    path: { id: string; mid: string };
    query: unknown;
    body: EditInputBody;
    answer: Message;
  };
  /** Write a note that only the staff sees. */
  "POST /conversations/{id}/notes": {
    path: { id: string };
    query: unknown;
    body: NoteInputBody;
    answer: SentMessage;
  };
  /** Rate a conversation; the last rating counts. */
  "POST /conversations/{id}/rating": {
    path: { id: string };
    query: unknown;
    body: RateInputBody;
    answer: Conversation;
  };
  /** Mark everything up to a seq as read. */
  "POST /conversations/{id}/read": {
    path: { id: string };
    query: unknown;
    body: ReadInputBody;
    answer: ReadMark;
  };
  /** Reopen a closed conversation. */
  "POST /conversations/{id}/reopen": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Conversation;
  };
  /** Put a conversation aside until a time, or until its visitor writes. */
  "POST /conversations/{id}/snooze": {
    path: { id: string };
    query: unknown;
    body: SnoozeInputBody;
    answer: Conversation;
  };
  /** All of a conversation as a text file. */
  "GET /conversations/{id}/transcript": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Blob;
  };
  /** Send the visitor all of a conversation by mail. */
  "POST /conversations/{id}/transcript": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** Hand a conversation over to an agent or a team's queue. */
  "POST /conversations/{id}/transfer": {
    path: { id: string };
    query: unknown;
    body: TransferInputBody;
    answer: Conversation;
  };
  /** List exports, newest first. */
  "GET /exports": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListExport;
  };
  /** Have a table made of conversations, messages, visitors or a report. */
  "POST /exports": {
    path: unknown;
    query: unknown;
    body: CreateExportInputBody;
    answer: Export;
  };
  /** Delete an export and its file. */
  "DELETE /exports/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** How far an export is. */
  "GET /exports/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Export;
  };
  /** The file of an export that is done. */
  "GET /exports/{id}/file": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Blob;
  };
  /** Say which share of the conversations tries the next versions of the index, and for how long. */
  "PUT /knowledge/canary": {
    path: unknown;
    query: unknown;
    body: CanaryPlan;
    answer: KnowledgeIndex;
  };
  /** Put the version that is being tried in use; rollback takes it back. */
  "POST /knowledge/canary/promote": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: KnowledgeIndex;
  };
  /** List documents, without their texts. */
  "GET /knowledge/documents": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListKnowledgeDocument;
  };
  /** Add a document: JSON, or a form with a file. */
  "POST /knowledge/documents": {
    path: unknown;
    query: unknown;
    body: CreateDocumentInputBody | FormData;
    answer: KnowledgeDocument;
  };
  /** Delete a document, and the golden questions that expect it. */
  "DELETE /knowledge/documents/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One document with its text. */
  "GET /knowledge/documents/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: KnowledgeDocument;
  };
  /** Change a document. */
  "PATCH /knowledge/documents/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateDocumentInputBody;
    answer: KnowledgeDocument;
  };
  /** List golden questions. */
  "GET /knowledge/golden": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListGoldenQuestion;
  };
  /** Add a question that an index must answer before it is put in use. */
  "POST /knowledge/golden": {
    path: unknown;
    query: unknown;
    body: CreateGoldenInputBody;
    answer: GoldenQuestion;
  };
  /** Delete a golden question. */
  "DELETE /knowledge/golden/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One golden question. */
  "GET /knowledge/golden/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: GoldenQuestion;
  };
  /** Change a golden question. */
  "PATCH /knowledge/golden/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateGoldenInputBody;
    answer: GoldenQuestion;
  };
  /** How the index stands: version, building, last failure. */
  "GET /knowledge/reindex": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: KnowledgeIndex;
  };
  /** Build the index again; every change does that by itself. */
  "POST /knowledge/reindex": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: KnowledgeIndex;
  };
  /** Go back to an earlier version of the index, until the next change. */
  "POST /knowledge/rollback": {
    path: unknown;
    query: unknown;
    body: RollBackInputBody;
    answer: KnowledgeIndex;
  };
  /** What answers a question best. */
  "GET /knowledge/search": {
    path: unknown;
    query: { q: string; limit?: number };
    body: undefined;
    answer: KnowledgeHits;
  };
  /** Questions that nothing answered, the newest first. */
  "GET /knowledge/unanswered": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListUnanswered;
  };
  /** Count a question that nothing answered. */
  "POST /knowledge/unanswered": {
    path: unknown;
    query: unknown;
    body: UnansweredInputBody;
    answer: undefined;
  };
  /** Take a question off the list. */
  "POST /knowledge/unanswered/{id}/dismiss": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** List them, the oldest first. */
  "GET /labels": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListRecordLabel;
  };
  /** Add one. */
  "POST /labels": {
    path: unknown;
    query: unknown;
    body: Label;
    answer: RecordLabel;
  };
  /** Delete one. */
  "DELETE /labels/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One of them. */
  "GET /labels/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: RecordLabel;
  };
  /** Change one. */
  "PATCH /labels/{id}": {
    path: { id: string };
    query: unknown;
    body: PatchLabel;
    answer: RecordLabel;
  };
  /** Go back to what holds by default. */
  "DELETE /mail-settings": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** Whom mails to the team go to. */
  "GET /mail-settings": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: MailSettings;
  };
  /** Change whom mails to the team go to. */
  "PATCH /mail-settings": {
    path: unknown;
    query: unknown;
    body: PatchMailSettings;
    answer: MailSettings;
  };
  /** List mails and what became of them, the newest first. */
  "GET /mails": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListMail;
  };
  /** List them, the newest first. */
  "GET /offline-messages": {
    path: unknown;
    query: { status?: "open" | "done"; cursor?: string; limit?: number };
    body: undefined;
    answer: ListOfflineMessage;
  };
  /** Leave a message when nobody is there. */
  "POST /offline-messages": {
    path: unknown;
    query: unknown;
    body: LeaveOfflineInputBody;
    answer: OfflineMessage;
  };
  /** One of them. */
  "GET /offline-messages/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: OfflineMessage;
  };
  /** Note that somebody has seen to it. */
  "POST /offline-messages/{id}/done": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: OfflineMessage;
  };
  /** Each agent. */
  "GET /reports/agents": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string };
    body: undefined;
    answer: AgentsReport;
  };
  /** How long visitors waited for a person's first answer. */
  "GET /reports/first-response": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string; interval?: "hour" | "day" };
    body: undefined;
    answer: DurationsReport;
  };
  /** Hand-offs to people and to the bot, and transfers. */
  "GET /reports/handoffs": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string; interval?: "hour" | "day" };
    body: undefined;
    answer: HandoffsReport;
  };
  /** Which hours of the week are busy. */
  "GET /reports/hours": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string };
    body: undefined;
    answer: HoursReport;
  };
  /** What happened, in one look. */
  "GET /reports/overview": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string };
    body: undefined;
    answer: Overview;
  };
  /** Who waits at this moment, and who is there to answer. */
  "GET /reports/queue": {
    path: unknown;
    query: { format?: "json" | "csv" };
    body: undefined;
    answer: QueueReport;
  };
  /** What visitors thought. */
  "GET /reports/ratings": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string; interval?: "hour" | "day" };
    body: undefined;
    answer: RatingsReport;
  };
  /** How long conversations took. */
  "GET /reports/resolution": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string; interval?: "hour" | "day" };
    body: undefined;
    answer: DurationsReport;
  };
  /** Each team. */
  "GET /reports/teams": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string };
    body: undefined;
    answer: TeamsReport;
  };
  /** Conversations and messages over time. */
  "GET /reports/volume": {
    path: unknown;
    query: { format?: "json" | "csv"; since?: string; until?: string; timezone?: string; team?: string; agent?: string; interval?: "hour" | "day" };
    body: undefined;
    answer: VolumeReport;
  };
  /** Keep everything. */
  "DELETE /retention": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** How long things are kept. */
  "GET /retention": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: Retention;
  };
  /** Change how long things are kept; what is older goes within the hour. */
  "PATCH /retention": {
    path: unknown;
    query: unknown;
    body: PatchRetention;
    answer: Retention;
  };
  /** Go back to what holds by default. */
  "DELETE /routing": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** How conversations find their agents. */
  "GET /routing": {
    path: unknown;
    query: unknown;
    body: undefined;
    answer: Routing;
  };
  /** Change how conversations find their agents. */
  "PATCH /routing": {
    path: unknown;
    query: unknown;
    body: PatchRouting;
    answer: Routing;
  };
  /** List site keys. */
  "GET /site-keys": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListSiteKey;
  };
  /** Create a site key; its secret is shown once. */
  "POST /site-keys": {
    path: unknown;
    query: unknown;
    body: CreateSiteKeyInputBody;
    answer: NewSiteKey;
  };
  /** Delete a site key; its widget stops. */
  "DELETE /site-keys/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One site key, with the look of its widget. */
  "GET /site-keys/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: SiteKey;
  };
  /** Change a site key's name, origins or widget. */
  "PATCH /site-keys/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateSiteKeyInputBody;
    answer: SiteKey;
  };
  /** Make a new secret; the one before stays good. */
  "POST /site-keys/{id}/rotate-secret": {
    path: { id: string };
    query: unknown;
    body: RotateInputBody;
    answer: NewSiteKey;
  };
  /** List them, the oldest first. */
  "GET /sla": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListRecordSLA;
  };
  /** Add one. */
  "POST /sla": {
    path: unknown;
    query: unknown;
    body: SLA;
    answer: RecordSLA;
  };
  /** Delete one. */
  "DELETE /sla/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One of them. */
  "GET /sla/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: RecordSLA;
  };
  /** Change one. */
  "PATCH /sla/{id}": {
    path: { id: string };
    query: unknown;
    body: PatchSLA;
    answer: RecordSLA;
  };
  /** List teams. */
  "GET /teams": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListTeam;
  };
  /** Create a team. */
  "POST /teams": {
    path: unknown;
    query: unknown;
    body: CreateTeamInputBody;
    answer: Team;
  };
  /** Delete a team that nobody waits in. */
  "DELETE /teams/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One team. */
  "GET /teams/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Team;
  };
  /** Rename a team. */
  "PATCH /teams/{id}": {
    path: { id: string };
    query: unknown;
    body: RenameInputBody;
    answer: Team;
  };
  /** List tenants. */
  "GET /tenants": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListTenant;
  };
  /** Create a tenant with a site key and, if you like, its owner. */
  "POST /tenants": {
    path: unknown;
    query: unknown;
    body: CreateTenantInputBody;
    answer: NewTenant;
  };
  /** One tenant. */
  "GET /tenants/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Tenant;
  };
  /** Rename a tenant. */
  "PATCH /tenants/{id}": {
    path: { id: string };
    query: unknown;
    body: RenameInputBody;
    answer: Tenant;
  };
  /** List them, the oldest first. */
  "GET /triggers": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListRecordTrigger;
  };
  /** Add one. */
  "POST /triggers": {
    path: unknown;
    query: unknown;
    body: Trigger;
    answer: RecordTrigger;
  };
  /** Delete one. */
  "DELETE /triggers/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One of them. */
  "GET /triggers/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: RecordTrigger;
  };
  /** Change one. */
  "PATCH /triggers/{id}": {
    path: { id: string };
    query: unknown;
    body: PatchTrigger;
    answer: RecordTrigger;
  };
  /** Send a file up, for a message to name. */
  "POST /uploads": {
    path: unknown;
    query: unknown;
    body: FormData;
    answer: Upload;
  };
  /** Delete a file of the caller's own that no message names. */
  "DELETE /uploads/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** A file: the caller's own, or one that a message names which the caller may see. */
  "GET /uploads/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Blob;
  };
  /** An address of the file that needs no credential, for a while. */
  "POST /uploads/{id}/link": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: FileLink;
  };
  /** A small picture of an image. */
  "GET /uploads/{id}/thumbnail": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Blob;
  };
  /** List the visitors who have written, who came last first. */
  "GET /visitors": {
    path: unknown;
    query: { q?: string; verified?: "true" | "false"; blocked?: "true" | "false"; since?: string; until?: string; cursor?: string; limit?: number };
    body: undefined;
    answer: ListPerson;
  };
  /** The live board: who is connected, to any node. */
  "GET /visitors/online": {
    path: unknown;
    query: { q?: string; page?: string; locale?: string; country?: string; state?: "idle" | "queued" | "chatting"; has_cart?: "true" | "false"; since?: string; sort?: "since" | "last_seen" | "pages" | "cart_value"; order?: "asc" | "desc"; cursor?: string; limit?: number };
    body: undefined;
    answer: OnlineVisitors;
  };
  /** Erase a person: everything that was written, its files, its trail and its tokens. */
  "DELETE /visitors/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One visitor, with the end of its trail. */
  "GET /visitors/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Person;
  };
  /** Change what is known of a visitor. */
  "PATCH /visitors/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateVisitorInputBody;
    answer: Person;
  };
  /** What a visitor did on the site, the newest first. */
  "GET /visitors/{id}/events": {
    path: { id: string };
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListVisitorEvent;
  };
  /** Everything that there is about a person, as one document. */
  "GET /visitors/{id}/export": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** The same as GET. */
  "POST /visitors/{id}/export": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** List webhooks. */
  "GET /webhooks": {
    path: unknown;
    query: { cursor?: string; limit?: number };
    body: undefined;
    answer: ListWebhook;
  };
  /** Create a webhook; its secret is shown once. */
  "POST /webhooks": {
    path: unknown;
    query: unknown;
    body: CreateWebhookInputBody;
    answer: Webhook;
  };
  /** Send the same event again. */
  "POST /webhooks/deliveries/{id}/replay": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Delivery;
  };
  /** Delete a webhook and what is on its way to it. */
  "DELETE /webhooks/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: undefined;
  };
  /** One webhook. */
  "GET /webhooks/{id}": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Webhook;
  };
  /** Change, pause or resume a webhook. */
  "PATCH /webhooks/{id}": {
    path: { id: string };
    query: unknown;
    body: UpdateWebhookInputBody;
    answer: Webhook;
  };
  /** What was sent and answered, newest first. */
  "GET /webhooks/{id}/deliveries": {
    path: { id: string };
    query: { state?: "pending" | "delivered" | "failed"; cursor?: string; limit?: number };
    body: undefined;
    answer: ListDelivery;
  };
  /** Make a new secret; the one before signs too, until the next. */
  "POST /webhooks/{id}/rotate-secret": {
    path: { id: string };
    query: unknown;
    body: RotateWebhookInputBody;
    answer: Webhook;
  };
  /** Send the event webhook.ping. */
  "POST /webhooks/{id}/test": {
    path: { id: string };
    query: unknown;
    body: undefined;
    answer: Delivery;
  };
  /** Open or renew a visitor's session. */
  "POST /widget/session": {
    path: unknown;
    query: unknown;
    body: SessionInputBody;
    answer: WidgetSession;
  };
}
