package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// BenchmarkBoard asks for pages of a board with 100,000 visitors of one node, a quarter of whom tell what they do.
func BenchmarkBoard(b *testing.B) {
	h := &Handler{desk: chat.NewDesk(chat.DeskConfig{})}
	tenant := chat.NewID[chat.Tenant]()
	var all []*session
	for i := range 100_000 {
		id := chat.NewID[chat.Visitor]()
		s := &session{id: chat.NewID[chat.Origin](), actor: chat.Actor{Tenant: tenant, User: chat.UserID(id), Role: chat.RoleVisitor}}
		s.profile = packProfile(&chat.Visitor{Name: fmt.Sprintf("Visitor %d", i), Locale: "zh-CN", Page: fmt.Sprintf("https://shop.example/product/%d", i%1000)})
		if i%4 == 0 {
			k := chat.VisitorKey{Tenant: tenant, Visitor: id}
			if _, _, err := h.guests.track(k, s, chat.StepPage, fmt.Appendf(nil, `{"url":"https://shop.example/product/%d"}`, i%1000), time.Now()); err != nil {
				b.Fatal(err)
			}
		}
		all = append(all, s)
	}
	for name, q := range map[string]chat.BoardQuery{
		"newest":  {Limit: 50},
		"pages":   {Limit: 50, Sort: chat.ByPages},
		"page":    {Limit: 50, Page: "/product/77"},
		"country": {Limit: 50, Country: "CN"},
		"text":    {Limit: 50, Text: "visitor 7777"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				sc := &scan{h: h, q: &q, t: tenant}
				for i := range all {
					sc.visit(all[i : i+1])
				}
				if got := sc.finish(b.Context()); len(got) == 0 {
					b.Fatal("nobody")
				}
			}
		})
	}
}
