export const knowledge = {
  tabs: { documents: "Documents", try: "Try it", golden: "Golden questions", unanswered: "Unanswered", index: "Index" }, sections: "Parts of the knowledge base",
  formats: { markdown: "Markdown", html: "HTML", text: "Text", csv: "Questions and answers" },
  states: { indexed: "In use", pending: "Waiting", failed: "Failed", not_indexed: "Not in use", leaving: "Still found", disabled: "Off" },
  statesText: { indexed: "Searches find it as it is.", pending: "It is found as soon as the index is built.", failed: "The index that has it was not put in use.", not_indexed: "An earlier index is in use, which does not have it as it is.", leaving: "It is switched off. The index in use may still have it, until one without it is put in use.", disabled: "It is kept, but not found." },
  reasons: { golden: "A golden question did not find its document.", too_many: "The documents make more chunks than an index may have.", canary: "When it was tried, it left more questions open than the version before." },
  canary: {
    title: "Version {n} is being tried", text: "{percent} % of the conversations have been answered from it since {began}. From {ends} on all are, if it does as well as the version in use.", alert: "{percent} % of the conversations are answered from it until {ends}.", trying: "Being tried", onlyTried: "Only tried", useTitle: "Use version {n} for all?",
    which: "Version", inUse: "In use", triedOne: "Being tried", asked: "Questions", open: "Left open", hint: "Left open: nothing in the knowledge base answered them, and a person had to. The counts are a few seconds late.",
    use: "Use it for all", used: "Version {n} is in use", back: "Take it back", backTitle: "Take version {n} back?", backText: "All conversations are answered from the version in use. What you have written stays, and the next change builds a new index.", backDone: "It was taken back", mend: "Look at the unanswered questions, and change the documents. The next version is tried again.",
    plan: "New versions", planText: "A new version can answer some of the conversations first. If it leaves clearly more questions open than the one in use, it is taken back by itself.", percent: "Conversations that try it", percentText: "0 to 50 %. 0: it answers all of them at once.", badPercent: "A whole number from 0 to 50.", minutes: "For", minutesText: "Then it answers all of them. Until then the others hear what the documents said before.", saved: "Saved. It holds for the next version.",
  },
  deleted: "a deleted document", nothing: "nothing", chunks: "{n} {n|chunk|chunks}", documents: "{n} {n|document|documents}", changed: "changed {time}", noLanguage: "Language not given",
  index: {
    none: "Nothing is indexed yet", version: "Version {n}", waiting: "A build begins in a moment", building: "Building the index", progress: "{done} of {total} chunks", built: "built {time}",
    failed: "The latest changes are not in use", failedText: "The index before them still answers.", missed: "“{question}” should find “{expected}”, but “{found}” came first.", missedNothing: "“{question}” should find “{expected}”, but nothing was found.", more: "And {n} more.",
    why: "Details", back: "Version {n} is in use again", backText: "You went back to it. The next change builds a new one.",
    now: "In use", nowText: "What searches are answered from. Every change builds a new one aside, which replaces it only if every golden question finds its document.", embedder: "Meaning", embedderText: "Questions are compared by words and by meaning.", wordsOnly: "Questions are compared by words only: this server has no embedder.",
    state: "State", idle: "Up to date", behind: "Not up to date", rebuild: "Rebuild", rebuildText: "Not needed after changes: those build by themselves.", rebuilding: "The index is being built",
    lastFailure: "Why the last build was not put in use", asked: "{n} golden {n|question was|questions were} asked.", question: "Question", expected: "Expected", found: "Came first instead", removed: "A question that was deleted since",
    mend: "Change the documents so that the question finds the right one, or change the question. Both build again.", mendMany: "Delete documents, or switch some off.",
    versions: "Versions", versionsText: "The last five that were in use are kept, and two that were only tried.", active: "In use", use: "Go back", useTitle: "Go back to version {n}?", again: "Use again", againTitle: "Use version {n} again?", useText: "Its {documents} documents are found as they were {time}. What you have written stays, and the next change builds a new index.", usedAgain: "Version {n} is in use", noVersions: "As soon as there is a document, its index stands here.",
  },
  list: {
    add: "Write a document", upload: "Upload files", empty: "Nothing is known yet", emptyText: "Add what your customers ask about: delivery, returns, payment. Write it here, or drop Markdown, HTML, text or a table of questions and answers.", find: "Search titles and addresses",
    state: "State", sort: "Order", sorts: { changed: "Last changed", title: "Title", size: "Size" }, noneFit: "No document fits.", clear: "Show all", on: "“{title}” is to be found", drop: "Drop files here",
    count: "{shown} of {all}",
  },
  files: {
    title: "Files", clear: "Clear", waiting: "Waiting", sending: "{n} %", reading: "Being read", done: "Added", open: "Open", cancel: "Give up on {name}", retry: "Try again", unreadable: "Only PDF, Word (.docx), Markdown (.md), HTML (.html), text (.txt) and tables (.csv, .tsv) can be read.", empty: "The file is empty.",
    progress: "How much of {name} is sent", kinds: "PDF, Word, Markdown, HTML, text, or a table of questions and answers (.csv, .tsv)",
  },
  edit: {
    new: "New document", title: "Title", titleText: "Left empty, it is the text's own first heading.", language: "Language", languageText: "Of the text.", otherLanguage: "Another language, or unknown", format: "Kind", formatText: { markdown: "Headings cut the text into chunks: one for each subject is best.", html: "The text of a page, without its menus.", text: "Without headings; it is cut at paragraphs.", csv: "One question and its answer on each line." },
    url: "Address", urlText: "Where customers find it; may be empty.", badUrl: "An address that begins with https:// or http://", enabled: "To be found", enabledText: "Switched off, it is kept but not found.", text: "Text", write: "Write", preview: "Preview", previewText: "As the index reads it.", nothingYet: "What you write is shown here.", noRows: "There is no line with a question and an answer yet: two columns, separated by a comma.",
    cut: "Only the beginning is shown.", leftOut: "The bot leaves out {n} {n|piece|pieces} of it", leftOutText: "These words read like instructions to a machine, so the bot never sees the pieces that they stand in. Put it differently, and they are used.", takeOff: "Take “{question}” off the unanswered questions", saved: "Saved. The index is being built.", removeTitle: "Delete this document?", removeText: "It is not found any more, and can't be brought back.", removeGolden: "{n} golden {n|question that expects|questions that expect} it {n|goes|go} with it.", gone: "This document is gone", goneText: "Somebody has deleted it.", all: "All documents",
    example: "# Returns\n\n## How long may I send something back?\n\nWithin 30 days…", exampleTable: "question,answer\nHow long may I send something back?,Within 30 days.",
  },
  try: {
    leftOut: "Left out", leftOutText: "The bot does not use it: “{words}” reads like an instruction to a machine.", question: "A question, as a customer asks it", ask: "Ask", begin: "Ask something", beginText: "You see which documents are found, and which of them an answer would be made from.", used: "An answer would be made from this", answers: "Answers the question", score: "Score {n}", why: "Why it was found", scores: { words: "Same words", parts: "Parts of words", concepts: "Same subject", heading_vector: "Meaning of the heading", text_vector: "Meaning of the text" },
    none: "Nothing was found", noneText: "No document has anything to do with this question.", noIndex: "There is no index yet", noIndexText: "Add a document first.", write: "Write an answer", golden: "Expect this document", goldenText: "Makes a golden question of it: an index that does not find this document is not put in use.", unanswered: "None of these answers it", noted: "Noted among the unanswered questions", results: "What was found", version: "Asked of version {n}",
  },
  golden: {
    add: "Add question", empty: "No golden questions yet", emptyText: "Write down questions of which you know the right document. A new index is put in use only if all of them find theirs: no change breaks what worked.", question: "Question", questionText: "As a customer asks it, in any language.", document: "Document that must be found", within: "Among the first", withinText: "Hits, 1 to 10.", badWithin: "A whole number from 1 to 10.", noDocument: "Choose a document.", noDocuments: "Add a document first: a golden question expects one.",
    verdicts: { passed: "Passed", failed: "Failed", waiting: "Waiting", unknown: "Not asked yet" }, expects: "Expects {title}", first: "among the first {n}", foundInstead: "“{title}” came first instead.", foundNothing: "Nothing was found.", removeTitle: "Delete this golden question?", removeText: "New indexes are not asked it any more.", tryIt: "Try it", saved: "Saved. A new index is asked it.",
  },
  unanswered: {
    empty: "No unanswered questions", emptyText: "Questions that nothing in the knowledge base answers are gathered here, so that you can write what is missing.", count: "asked {n} {n|time|times}", last: "last {time}", since: "first {time}", write: "Write an answer", tryIt: "Try it", dismiss: "Dismiss", dismissName: "Dismiss “{question}”", sort: "Order", sorts: { count: "Asked most often", last: "Asked last" }, find: "Search questions",
  },
};
