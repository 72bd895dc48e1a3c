package chaos

// rows is the table, in the order of docs/reliability.md.
var rows []*Row
