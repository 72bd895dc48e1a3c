package chat

import "encoding/json"

// Fields is what a state event writes into its conversation's row besides the state: each as it is from then on; nil leaves what
// is there. They are no part of State, because nothing decides by them what may happen next. Who computes one from another
// has read the row at the version that the event expects.
type Fields struct {
	Labels   []RecordID      `json:"labels,omitzero"` // empty, but not nil: none are left
	Priority *int            `json:"priority,omitempty"`
	Context  json.RawMessage `json:"context,omitempty"` // a JSON object
	Rating   *Rating         `json:"rating,omitempty"`
}

// Merge lays later fields over f.
func (f *Fields) Merge(later *Fields) {
	if later.Labels != nil {
		f.Labels = later.Labels
	}
	if later.Priority != nil {
		f.Priority = later.Priority
	}
	if later.Context != nil {
		f.Context = later.Context
	}
	if later.Rating != nil {
		f.Rating = later.Rating
	}
}

// Rating is what a visitor thinks of a conversation. The zero Rating is none.
type Rating struct {
	Score   int    `json:"score"` // 1 to 5
	Comment string `json:"comment,omitempty"`
}
