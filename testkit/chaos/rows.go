package chaos

import "slices"

// rows is the table, in the order of docs/reliability.md.
var rows = slices.Concat(serviceRows, nodeRows, networkRows, diskRows, clientRows)
