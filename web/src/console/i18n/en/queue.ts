export const queue = {
  nobody: "Nobody is waiting", nobodyText: "{n} {n|agent is|agents are} online with room for {free} more.", nobodyHere: "Nobody is online to answer: whoever writes now will wait.", waiting: "{n} {n|customer is|customers are} waiting", longest: "The longest for {time}.",
  noRoom: "Everybody who is online is at capacity.", waitingNow: "Waiting now", longestWait: "Longest wait", typical: "Typical wait", typicalText: "Median of the last hour", typicalNone: "Nobody waited in the last hour", free: "Room for more", freeText: "with {n} online", late: "Past the promise", latePromise: "first answer within {time}", lateNone: "No promise is set",
  lateHint: "Counts what waits longer than the promised first answer, hours outside of business included.", list: "Who is waiting", listText: "Who waits longest comes first", team: "Team", noTeam: "No team", teams: "Waiting by team", agents: "Agents", agentsText: "Who is there, and how much they have", open: "Open", listen: "Listen in", listenTo: "Open conversations of {name}",
  load: "{open} of {capacity}", full: "full", room: "{n} free", noAgents: "No agent is online", noAgentsText: "Agents appear here as soon as they log in.", more: "All who wait", updated: "Live", stale: "Not live: the connection is lost", lateBadge: "late",
  status: { online: "Online", busy: "Busy", away: "Away", offline: "Offline" },
};
