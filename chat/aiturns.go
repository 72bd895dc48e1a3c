package chat

import (
	"encoding/json"
	"fmt"
	"strings"
)

// AITurns is what was said in a conversation since it was opened last, as the AI is told: as it is shown by now, oldest first, without notes, system
// messages and what was taken back. entries are what Messages returns, oldest first.
func AITurns(entries []Message) []AITurn {
	var out []AITurn
	at := map[MessageID]int{}
	for i := range entries {
		m := &entries[i]
		if m.Kind != KindSystem {
			if m.Visibility == Public {
				at[m.ID] = len(out)
				out = append(out, turnOf(m))
			}
			continue
		}
		if r := RevisionOf(m); r != nil {
			if j, is := at[r.Message]; is {
				out[j].Text, out[j].Buttons = strings.Join(Said(nil, KindText, r.Shown()), "\n"), nil
			}
			continue
		}
		var c Change
		if json.Unmarshal(m.Body, &c) == nil && (c.Event == EventClosed || c.Event == EventReopened) {
			out, at = nil, map[MessageID]int{}
		}
	}
	kept := out[:0]
	for _, t := range out {
		if t.Text != "" {
			kept = append(kept, t)
		}
	}
	return kept
}

func turnOf(m *Message) AITurn {
	t := AITurn{Role: m.Role, Text: strings.Join(Said(nil, m.Kind, m.Body), "\n")}
	if m.Role != RoleBot || m.Kind != KindCard {
		return t
	}
	var card struct {
		Actions []struct{ Label, Type string }
	}
	if json.Unmarshal(m.Body, &card) == nil {
		for _, a := range card.Actions {
			if a.Type == "postback" {
				t.Buttons = append(t.Buttons, a.Label)
			}
		}
	}
	return t
}

// AIAttributes are those of a visitor's attributes that are words or numbers.
func AIAttributes(raw json.RawMessage) map[string]string {
	var all map[string]any
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	out := make(map[string]string, len(all))
	for name, v := range all {
		switch v := v.(type) {
		case string:
			out[name] = v
		case float64, bool:
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}
