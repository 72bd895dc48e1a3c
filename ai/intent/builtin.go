package intent

import (
	_ "embed" // the sentences
	"strings"
)

//go:embed builtin.txt
var builtinText string

// Labels of the built-in intents that the pipeline treats in a way of their own.
const (
	WantsHuman = "human"
	Greeting   = "greeting"
	Thanks     = "thanks"
	Goodbye    = "goodbye"
	Complaint  = "complaint"
	Product    = "product"
	Other      = "other" // nothing that a shop is asked
)

// Builtin is the sentences that the built-in intents are trained from, without vectors.
func Builtin() []Example {
	var out []Example
	label := ""
	for line := range strings.Lines(builtinText) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			label = line[3:]
		case line != "" && line[0] != '#':
			out = append(out, Example{Text: line, Label: label})
		}
	}
	return out
}
