// English. The keys here are what every other language must have.

/** The same keys with any text: what a translation has to be. */
export type Translation<T> = { readonly [K in keyof T]: string };

/** Words of the button, which every page has. */
export const launcher = { open: "Open chat", unreadMessages: "unread messages", close: "Close chat", dismiss: "Dismiss" };

export const widget = {
  title: "Chat with us", hello: "Hello! How can we help?", helloMore: "Send us a message. We'll answer right here.", online: "We're here to help",
  backAt: "Back {time}", closedNow: "We're away right now", awayNote: "We're away right now. Leave a message and you'll find our answer here.", awayUntil: "We're back {time}. Leave a message and you'll find our answer here.",
  tooLong: "Too long to send: {size} of {most} characters", close: "Close chat", write: "Write a message…", send: "Send", message: "Message", conversation: "Conversation", you: "You", agent: "Support", bot: "Assistant",
  typing: "{name} is typing…", sending: "Sending…", sent: "Sent", delivered: "Delivered", read: "Read", edited: "edited", recalled: "Message deleted",
  failed: "Not sent", retry: "Try again", discard: "Delete", older: "Load earlier messages", connecting: "Connecting…",
  waiting: "Connection lost. Reconnecting…", waitingFor: "Connection lost. Next try in {seconds} s", offline: "You're offline. Messages are sent as soon as you're back.",
  ended: "The connection was closed. ", replaced: "This chat is open in another window.", again: "Connect again",
  tooMany: "Very busy right now. It's your turn in {seconds} s", slow: "Too much at once.", slowFor: "You can go on in {seconds} s.", queue: "You're number {place} in the queue", queueFirst: "You're next in the queue",
  queueMinutes: "about {minutes} min", queueSoon: "less than a minute", newest: "Jump to the newest message",
  today: "Today", yesterday: "Yesterday", more: "More",
  askHuman: "Talk to a person", emoji: "Emoji", attach: "Attach a file", drop: "Drop files to send them",
  image: "Image", file: "File", download: "Download", openImage: "Open image {name}", gone: "This file can't be loaded.",
  dismiss: "Dismiss",
  replies: "Suggested answers",
  rateThanks: "Thank you for your feedback!", reopenHint: "This conversation is closed. Write to go on.",

  "conversation.assigned": "{name} joined the conversation", "conversation.transferred": "{name} took over", "conversation.closed": "Conversation closed",
  "conversation.reopened": "Conversation reopened", "conversation.rated": "You rated this conversation", "conversation.queued": "Back in the queue",
  toHuman: "You asked for a person", toPerson: "We're getting a person for you", toBot: "The assistant takes over", other: "Conversation updated", unsupported: "This can't be shown here yet", problem: "That did not work: ", noServer: "the server can't be reached. Try again in a moment.",
  nobody: "Nobody is online right now", joins: "Usually answers within {minutes} min", joinsSoon: "Usually answers within a minute", byMail: "Get the answer by e-mail",
  aiMark: "AI",
};

/** Words of the widget's forms, which come when one is needed. */
export const forms = {
  menu: "Menu", soundOn: "Turn sound on", soundOff: "Turn sound off", transcript: "Download transcript", askBot: "Ask the assistant",
  sources: "Sources", closeImage: "Close image", cancel: "Cancel", tooLarge: "This file is too large.", uploadFailed: "The file could not be sent.", uploadWait: "Goes on in {seconds} s", newTab: "(opens in a new tab)", upload: "Uploading {name}",
  submit: "Submit", choose: "Choose…", required: "Please fill this in", badEmail: "This doesn't look like an e-mail address", tooLong: "This is too long", answered: "Answered",
  rateTitle: "How did we do?", rateStar: "{n} of 5", rateComment: "Want to tell us more? (optional)", rateSend: "Send rating", rateLater: "Not now",
  name: "Name", email: "E-mail", start: "Start chat", before: "Before we start", leave: "Leave a message",
  leaveText: "Nobody is here right now. Leave a message and your e-mail address, and we'll answer there and here.", text: "Your message",
  sendMessage: "Send message", instead: "Write in the chat instead", left: "Thank you! We have your message and will answer to {email}.",
};

/** The console's words: too many for this file. */
export { console } from "../../console/i18n/en/index.ts";

export const demo = {
  title: "Nook & Needle",
  tagline: "Small things, made well.",
  intro: "A demo shop. Everything here is for show, except the chat: open it in the corner and write to us.",
  browse: "See the collection",
  ask: "Questions? Just ask",
  collection: "The collection",
  add: "Add to bag",
  added: "In your bag",
  bag: "Bag",
  languageLabel: "Language",
  shipping: "Free shipping over ¥299",
  returns: "30 days to return",
  support: "A person answers",
  shippingText: "Packed by hand and sent the same day.",
  returnsText: "Changed your mind? Send it back, no questions.",
  supportText: "Ask us anything in the chat below.",
  footer: "Demo shop of uniqchat. Nothing here is for sale.",
  consoleLink: "Answer as an agent",
  examplesLink: "SDK examples",
  mug: "Stoneware mug",
  mugText: "Thrown by hand, glazed in fog",
  bagName: "Canvas tote",
  bagText: "Holds a week of groceries",
  lamp: "Desk lamp",
  lampText: "Warm light, dimmable",
  plant: "Fig in a pot",
  plantText: "Grows on you",
  shoes: "Canvas trainers",
  shoesText: "Sizes 35 to 46",
  book: "Dotted notebook",
  bookText: "192 pages that lie flat",
};

export const examples = {
  title: "SDK examples",
  shop: "Nook & Needle",
  types: "Types",
  api: "API",
  intro: "Every call of window.uniqchat, ready to run on this page. The code you see is the code that runs; what the widget tells the page stands beside it.",
  run: "Run",
  code: "Code",
  events: "Events",
  eventsText: "What the listeners of this page have heard, the newest first.",
  open: "Open and close",
  openText: "Opens the chat, and closes it after a few seconds.",
  on: "Listen to an event",
  onText: "uniqchat('on', …) returns a function that takes the listener away.",
  user: "Who the visitor is",
  userText: "Agents see name and attributes, marked as unverified. With identityToken or identityHmac from your server they are verified, and the same visitor on every device.",
  locale: "Change the language",
  localeText: "Between English and Chinese, while the page stays.",
  cart: "What is in the cart",
  cartText: "Agents see it beside the conversation, and triggers may look at its value.",
  order: "An order, and events of your own",
  orderText: "Kept until there is a conversation, then told in their order.",
  page: "A page without a load",
  pageText: "Pages of single-page applications are noticed by themselves: agents see where the visitor is.",
  look: "Look",
  lookText: "CSS variables of the page reach into the widget; nothing else of its style does.",
  reset: "Log out",
  resetText: "Forgets the visitor: the next one who writes is somebody else.",
  seenOpen: "The chat is open.",
  seenOn: "The listener was called, and is gone.",
  seenUser: "The server knows the visitor as",
  seenVerified: "verified",
  seenUnverified: "unverified",
  seenLocale: "The widget speaks",
  seenKept: "Kept for the agents:",
  seenTold: "Told to the agents.",
  seenLook: "The button's color is",
  seenReset: "This browser knows no visitor.",
  seenNothing: "Nothing came of it. Is the server there?",
};
