export const inbox = { title: "Inbox", visitor: "Visitor {id}" };
