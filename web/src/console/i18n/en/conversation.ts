export const conversation = {
  saidImage: "Image {name}", saidFile: "File {name}", card: "Card", form: "Form", unsupported: "This can't be shown here", recalled: "Message taken back", edited: "edited", note: "Internal note",
  bot: "The bot", system: "The system", agent: "An agent", older: "Load earlier messages", newest: "To the newest message", messages: "Messages", loading: "Loading the conversation…",
  gone: "This conversation is not there", goneText: "It does not exist, or your role and teams do not allow you to see it.", typing: "{name} is typing…", preview: "{name} is writing: {text}",
  sending: "Sending…", sent: "Sent", delivered: "Delivered", read: "Read", failed: "Not sent: {reason}", failedPlain: "Not sent", retry: "Try again", discard: "Discard",
  reply: "Reply", write: "Write a reply…", writeNote: "Write a note that only your team sees…", send: "Send", message: "Message", viewer: "You can read, but not answer.",
  accept: "Accept", takeOver: "Take over", close: "Close", reopen: "Reopen", lost: "{name} was faster and has this conversation.", lostUnknown: "Somebody was faster and has this conversation.",
  status: { queued: "Waiting", open: "Open", bot: "With the bot", snoozed: "Snoozed", closed: "Closed" },
  changes: {
    created: "The conversation began", queued: "Back in the queue", queuedBy: "{by} put it back into the queue", assigned: "Given to {to}", assignedBy: "{by} gave it to {to}", accepted: "{to} accepted it",
    transferred: "{by} handed it over to {to}", transferredTeam: "{by} handed it over to a team", closed: "Closed", closedBy: "{by} closed it", reopened: "Reopened", reopenedBy: "{by} reopened it",
    rated: "Rated {stars}", toBot: "{by} handed it to the bot", toHuman: "{by} asked for a person", labels: "{by} set the labels {labels}", noLabels: "{by} removed all labels", priority: "{by} set the priority to {n}",
    context: "{by} changed the details", snoozed: "{by} put it aside", woken: "It is back", offline: "Left as an offline message", abandoned: "The visitor left the queue", late: "A promised time has passed", other: "The conversation changed",
  },
};
