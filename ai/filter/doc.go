// Package filter stands between what an engine says and what a visitor sees. It lets through words as they come, makes the Markdown safe,
// takes out links that the tenant's knowledge doesn't have, and stops an answer that tells what nobody may know.
//
// It judges no answer's truth and knows no tenant but through what it is given.
package filter
