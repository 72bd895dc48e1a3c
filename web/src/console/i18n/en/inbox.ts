export const inbox = {
  title: "Inbox", visitor: "Visitor {id}", list: "Conversations", views: "Queues", moreViews: "More queues", pick: "Choose a conversation", pickText: "J and K go through the list and open one after the other; Enter begins to write.",
  view: { mine: "Mine", queued: "Waiting", open: "Open", bot: "With the bot", snoozed: "Snoozed", closed: "Closed", all: "All" },
  empty: {
    mine: "You have no open conversations", queued: "Nobody is waiting", open: "No open conversations", bot: "The bot talks to nobody", snoozed: "Nothing is snoozed",
    closed: "No closed conversations", all: "No conversations yet",
  },
  nothingFound: "Nothing found", noMessage: "No messages yet", waits: "waits {time}", unread: "{n} unread", urgent: "Urgent", botSaid: "Bot: {text}", weSaid: "↩ {text}",
  search: "Search conversations", searchHint: "Search messages", clear: "Clear the search", filters: "Filters", filtersOn: "Filters: {n} set", any: "Any", nobody: "Nobody", assignee: "Assignee", team: "Team", label: "Label",
  since: "From", until: "To", noFilters: "Remove filters", next: "Next conversation", previous: "Previous conversation", showView: "Show: {view}",
  toList: "Back to the list",
  givenToYou: "A conversation for you", givenBy: "From {name}",
};
