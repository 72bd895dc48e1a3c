// English. The keys here are what every other language must have.

/** The same keys with any text: what a translation has to be. */
export type Translation<T> = { readonly [K in keyof T]: string };

export const widget = {
  open: "Open chat", close: "Close chat", title: "Chat with us", hello: "Hello! How can we help?", helloMore: "Write to us, we answer as soon as we can.",
  write: "Write a message…", send: "Send", message: "Message", you: "You", agent: "Agent", typing: "is typing…", sending: "Sending", sent: "Sent", read: "Read",
  failed: "Not sent", retry: "Try again", discard: "Delete", older: "Load earlier messages", connecting: "Connecting…", waiting: "Connection lost, reconnecting…",
  offline: "You are offline; messages will be sent later.", tooMany: "Too many requests. Trying again in {seconds} s…", ended: "Connection ended: ", slow: "Too fast, one moment.", unread: "unread messages",
  "conversation.created": "Conversation started", "conversation.assigned": "{name} is here for you", "conversation.transferred": "Conversation transferred",
  "conversation.closed": "Conversation closed. Write to reopen it.", "conversation.reopened": "Conversation reopened", other: "Conversation updated",
  again: "Connect again", "conversation.queued": "Back in the queue", unsupported: "This can't be shown here yet",
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
