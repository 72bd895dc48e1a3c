// English. The keys here are what every other language must have.

/** The same keys with any text: what a translation has to be. */
export type Translation<T> = { readonly [K in keyof T]: string };

/** Words of the button, which every page has. */
export const launcher = { open: "Open chat", unreadMessages: "unread messages", close: "Close chat", dismiss: "Dismiss" };

export const widget = {
  title: "Chat with us", hello: "Hello! How can we help?", helloMore: "Send us a message. We'll answer right here.", online: "We're here to help",
  backAt: "Back {time}", closedNow: "We're away right now", awayNote: "We're away right now. Leave a message and you'll find our answer here.", awayUntil: "We're back {time}. Leave a message and you'll find our answer here.",
  close: "Close chat", write: "Write a message…", send: "Send", message: "Message", conversation: "Conversation", you: "You", agent: "Support", bot: "Assistant",
  typing: "{name} is typing…", sending: "Sending…", sent: "Sent", delivered: "Delivered", read: "Read", edited: "edited", recalled: "Message deleted",
  failed: "Not sent", retry: "Try again", discard: "Delete", older: "Load earlier messages", connecting: "Connecting…",
  waiting: "Connection lost. Reconnecting…", waitingFor: "Connection lost. Next try in {seconds} s", offline: "You're offline. Messages are sent as soon as you're back.",
  ended: "The connection was closed. ", replaced: "This chat is open in another window.", again: "Connect again",
  tooMany: "Too many requests. Next try in {seconds} s", slow: "Too many messages at once.", slowFor: "You can go on in {seconds} s.", queue: "You're number {place} in the queue", queueFirst: "You're next in the queue",
  queueMinutes: "about {minutes} min", queueSoon: "less than a minute", newest: "Jump to the newest message",
  today: "Today", yesterday: "Yesterday", more: "More", menu: "Menu", soundOn: "Turn sound on", soundOff: "Turn sound off", transcript: "Download transcript",
  askHuman: "Talk to a person", askBot: "Ask the assistant", emoji: "Emoji", attach: "Attach a file", drop: "Drop files to send them",
  image: "Image", file: "File", download: "Download", openImage: "Open image {name}", closeImage: "Close image", gone: "This file can't be loaded.", upload: "Uploading {name}",
  cancel: "Cancel", dismiss: "Dismiss", tooLarge: "This file is too large.", uploadFailed: "The file could not be sent.", uploadWait: "Goes on in {seconds} s",
  replies: "Suggested answers",
  rateThanks: "Thank you for your feedback!", reopenHint: "This conversation is closed. Write to go on.",
 
  "conversation.assigned": "{name} joined the conversation", "conversation.transferred": "{name} took over", "conversation.closed": "Conversation closed",
  "conversation.reopened": "Conversation reopened", "conversation.rated": "You rated this conversation", "conversation.queued": "Back in the queue",
  toHuman: "You asked for a person", toBot: "The assistant takes over", other: "Conversation updated", unsupported: "This can't be shown here yet", problem: "That did not work: ",
  nobody: "Nobody is online right now", joins: "Usually answers within {minutes} min", joinsSoon: "Usually answers within a minute", byMail: "Get the answer by e-mail",
  newTab: "(opens in a new tab)", aiMark: "AI",
};

/** Words of the widget's forms, which come when one is needed. */
export const forms = {
  submit: "Submit", choose: "Choose…", required: "Please fill this in", badEmail: "This doesn't look like an e-mail address", answered: "Answered",
  rateTitle: "How did we do?", rateStar: "{n} of 5", rateComment: "Want to tell us more? (optional)", rateSend: "Send rating", rateLater: "Not now",
  name: "Name", email: "E-mail", start: "Start chat", before: "Before we start", leave: "Leave a message",
  leaveText: "Nobody is here right now. Leave a message and your e-mail address, and we'll answer there and here.", text: "Your message",
  sendMessage: "Send message", instead: "Write in the chat instead", left: "Thank you! We have your message and will answer to {email}.",
};

export const console = {
  title: "uniqchat console", email: "E-mail", password: "Password", tenant: "Tenant", login: "Log in", loggingIn: "Logging in…",
  badLogin: "E-mail or password is wrong.", noServer: "The server can't be reached. Try again in a moment.",
  tenantNeeded: "This address is in several tenants: name the one you want.", logout: "Log out", queued: "Waiting", open: "Open",
  closed: "Closed", emptyQueue: "Nobody is waiting", emptyOpen: "No open conversations", emptyClosed: "No closed conversations",
  pick: "Choose a conversation", visitor: "Visitor", you: "You", agent: "Agent", system: "System", online: "Online", busy: "Busy",
  away: "Away", offline: "Offline", status: "My status", connecting: "Connecting…", waiting: "Connection lost, reconnecting…",
  ended: "Connection ended: ", connected: "Connected", assign: "Take it", close: "Close", reopen: "Reopen",
  write: "Write a message, Enter sends", send: "Send", typing: "is typing", sending: "Sending", sent: "Sent", read: "Read",
  failed: "Not sent", retry: "Try again", discard: "Delete", back: "Back", older: "Load earlier messages", loading: "Loading…",
  language: "中文", waitedFor: "waiting", unread: "unread", message: "Message", "conversation.created": "Conversation started",
  "conversation.assigned": "{name} takes care of it", "conversation.transferred": "Conversation transferred",
  "conversation.closed": "Conversation closed", "conversation.reopened": "Conversation reopened",
  "conversation.queued": "Back in the queue", other: "Conversation updated", actionFailed: "That did not work: ", now: "just now",
  min: "min", hour: "h", noMessage: "No messages yet", list: "Conversations",
  more: "Load more", internal: "Internal note", slow: "Too fast, one moment.", again: "Connect again", unsupported: "This can't be shown here yet",
  viewer: "You can read, but not answer.",
};

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
  language: "中文",
  languageLabel: "Switch to Chinese",
  shipping: "Free shipping over ¥299",
  returns: "30 days to return",
  support: "A person answers",
  shippingText: "Packed by hand and sent the same day.",
  returnsText: "Changed your mind? Send it back, no questions.",
  supportText: "Ask us anything in the chat below.",
  footer: "Demo shop of uniqchat. Nothing here is for sale.",
  consoleLink: "Answer as an agent",
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
