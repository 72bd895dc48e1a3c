export const shell = {
  title: "uniqchat", inbox: "Inbox", visitors: "Visitors", reports: "Reports", settings: "Settings", search: "Search", palette: "Search or jump to…",
  paletteEmpty: "Nothing found", goTo: "Go to", actions: "Actions", people: "Conversations", shortcuts: "Keyboard shortcuts", menu: "My account", status: "My status", online: "Online", busy: "Busy",
  away: "Away", offline: "Offline", language: "Language", colours: "Appearance", light: "Light", dark: "Dark", auto: "Like the system", logout: "Log out",
  connecting: "Connecting…", connected: "Connected", waiting: "Connection lost, trying again in {n} s", ended: "The connection was closed: {reason}", again: "Connect again",
  replaced: "opened elsewhere", sound: "Sound", desktop: "Desktop notifications", desktopDenied: "Your browser blocks notifications of this site.", newMessage: "New message", newWaiting: "{name} is waiting",
  notFound: "There is nothing here", notFoundText: "The address may be wrong, or what it named is gone.", toInbox: "To the inbox", broken: "This page broke", brokenText: "Loading it again usually helps.",
  reload: "Load again", save: "Save", cancel: "Cancel", close: "Close", remove: "Delete", edit: "Edit", add: "Add", create: "Create", back: "Back", more: "More", copy: "Copy", copied: "Copied", notCopied: "This browser did not let it be copied. Select the text and copy it yourself.", saved: "Saved",
  done: "Done", retry: "Try again", loading: "Loading…", none: "None", all: "All", yes: "Yes", no: "No", name: "Name", required: "Please fill this in", tooLong: "{n} {n|character|characters} too long", lengthOf: "{n} of {most} characters",
  noServer: "The server can't be reached. Try again in a moment.", failed: "That did not work: {reason}", forbidden: "Your role does not allow this.", loadMore: "Load more", you: "You", go: "then",
  general: "Anywhere", list: "Conversation list", conversation: "Conversation", keyPalette: "Command palette", keyHelp: "Keyboard shortcuts", keyGoInbox: "Go to the inbox", keyGoVisitors: "Go to visitors", keyGoReports: "Go to reports",
  keyGoSettings: "Go to settings", skip: "Skip to content", roles: { owner: "Owner", admin: "Admin", supervisor: "Supervisor", agent: "Agent", viewer: "Viewer" },
  leftOut: {
    presence: "Very many visitors right now. Who is online may be out of date; every message arrives.", typing: "Very many visitors right now. Who is online and who is typing is not shown; every message arrives.",
    board: "Very many visitors right now. The live board stands still, who is online and who is typing is not shown; every message arrives.",
    ai: "Very many visitors right now. The bot pauses, the live board stands still, who is online and who is typing is not shown; every message arrives.",
  },
};

export const time = { now: "just now", seconds: "{n}s", minutes: "{n}m", hours: "{n}h", days: "{n}d", today: "Today", yesterday: "Yesterday" };
