export const reports = {
  title: "Reports", sections: "Reports", asChart: "Show as chart", asTable: "Show as table",
  section: { overview: "Overview", now: "Right now", volume: "Volume", response: "First response", resolution: "Resolution", ratings: "Ratings", handoffs: "Hand-offs", agents: "Agents", teams: "Teams", hours: "Busy hours" },
  about: {
    overview: "Your support at a glance", now: "Are customers waiting?", volume: "Conversations and messages", response: "How long visitors waited for a person's first answer", resolution: "How long conversations took until they were closed",
    ratings: "What visitors thought", handoffs: "Between people, teams and the bot", agents: "What each agent did. First response and resolution are medians.", teams: "What each team did. First response and resolution are medians.", hours: "Which hours of the week are busy",
  },
  forbidden: "Reports are for supervisors and admins", forbiddenText: "Ask an admin if you need them.",
  range: "Time", ranges: { today: "Today", yesterday: "Yesterday", "7d": "Last 7 days", "28d": "Last 28 days", "90d": "Last 90 days", month: "This month", lastmonth: "Last month", custom: "Choose days…" },
  from: "From", to: "To", apply: "Show", badDays: "The first day must not be after the last.", tooLong: "A report spans at most {n} days.", by: "By", byAuto: "Automatic", byDay: "Day", byHour: "Hour", noHours: "By hours at most {n} days",
  zone: "Time zone", team: "Team", agent: "Agent", allTeams: "All teams", allAgents: "All agents", noTeam: "No team", compare: "Compare with the previous period", filters: "Filters", csv: "Download CSV",
  incomplete: "Conversations of before the upgrade are still being counted: the figures will grow.", nothing: "Nothing happened in this time", nothingText: "Choose other days or fewer filters.",
  versus: "Previously {value}", up: "{n} more than before", down: "{n} less than before", same: "as before", before: "Previous period", during: "Day", hour: "Hour",
  created: "New conversations", closed: "Closed", reopened: "Reopened", abandoned: "Abandoned", abandonedShare: "{n} of those closed", visitorMessages: "From visitors", agentMessages: "From agents", botMessages: "From the bot", apiMessages: "From programs", messages: "Messages", conversations: "Conversations",
  firstResponse: "First response", resolution: "Resolution", median: "Median", mean: "Mean", p90: "9 of 10 within", ofAnswers: "{n} {n|answer|answers}", ofConversations: "{n} {n|conversation|conversations}", ofRatings: "{n} {n|rating|ratings}",
  waited: "Wait in the queue", left: "Left while waiting", rating: "Rating", ratings: "Ratings", stars: "{n} {n|star|stars}", meanRating: "Mean rating", satisfied: "Satisfied", satisfiedText: "4 or 5 stars", distribution: "Distribution", spread: "{n} of {all}",
  toHuman: "To a human", toBot: "To the bot", transfers: "Transfers", perConversation: "{n} of new ones", assigned: "Assigned", name: "Name", gone: "Deleted", online: "Online", sortBy: "Sort by {name}", onlyThis: "Only {name}",
  metric: "Show", least: "quiet", most: "busy", cell: "{day} {from}–{to}: {n}",
};
