package chat

import (
	"encoding/json"
	"fmt"
	"strings"
)

// AITurns is what Context returns, as the AI is told.
func AITurns(entries []Message) (out []AITurn) {
	for _, m := range Context(entries) {
		if t := turnOf(&m); t.Text != "" {
			out = append(out, t)
		}
	}
	return out
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
