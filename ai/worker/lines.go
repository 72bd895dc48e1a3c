package worker

import (
	"encoding/json"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// action is a button of a card.
type action struct {
	Label string `json:"label"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// body is a message's body.
func body(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // strings and ids always marshal
		panic(err)
	}
	return b
}

// linesOf are the messages of an answer. The last has its sources, or what the visitor may choose from.
func linesOf(a *chat.AIAnswer) (out []chat.BotLine) {
	for i, text := range a.Messages {
		b := map[string]any{"text": text}
		l := chat.BotLine{Part: uint8(i), Kind: chat.KindText}
		if last := i == len(a.Messages)-1; last && len(a.Buttons) > 0 {
			actions := make([]action, len(a.Buttons))
			for k, label := range a.Buttons {
				actions[k] = action{label, "postback", label}
			}
			l.Kind, b["actions"] = chat.KindCard, actions
		} else if last && len(a.Sources) > 0 {
			b["sources"] = a.Sources
		}
		l.Body = body(b)
		out = append(out, l)
	}
	return out
}

// words are a note's, in one language.
type words struct{ head, why, wants, tried, orders, found string }

var (
	english = words{"The bot handed this over", "why", "Wants", "The bot said", "Order numbers", "May have to do with it"}
	chinese = words{"机器人已转接", "原因", "访客想要", "机器人说过", "订单号", "可能相关"}
)

// noteLine tells whoever takes over what they need to know. Visitors never see it.
func noteLine(s *chat.AISummary) chat.BotLine {
	w := english
	if strings.HasPrefix(s.Language, "zh") {
		w = chinese
	}
	var b strings.Builder
	b.WriteString(w.head)
	if s.Why != "" {
		b.WriteString(" (" + w.why + ": " + s.Why + ")")
	}
	for _, p := range []struct {
		head string
		all  []string
	}{{w.wants, s.Wants}, {w.tried, s.Tried}, {w.orders, s.Orders}, {w.found, s.Found}} {
		if len(p.all) > 0 {
			b.WriteString("\n" + p.head + ":\n- " + strings.Join(p.all, "\n- "))
		}
	}
	return chat.BotLine{Part: partNote, Kind: chat.KindText, Visibility: chat.InternalOnly, Body: body(map[string]any{"text": b.String(), "summary": s})}
}
