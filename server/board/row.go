package board

import (
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// State is what a visitor's open conversation is in.
type State uint8

// States of a Row, as chat.GuestIdle and the others. Of an unknown one the conversation has to be looked up.
const (
	Unknown State = iota
	Idle
	Queued
	Chatting
)

var stateNames = [...]string{"", chat.GuestIdle, chat.GuestQueued, chat.GuestChatting}

func (s State) String() string { return stateNames[s] }

// StateOf is the state of somebody whose conversation has that head.
func StateOf(h *chat.Head) State {
	switch {
	case !h.Exists() || h.Status == chat.Closed || h.Status == chat.Snoozed:
		return Idle
	case h.Status == chat.Queued:
		return Queued
	}
	return Chatting
}

// Row is what is kept of one visitor: what it is sorted and filtered by.
type Row struct {
	ID           chat.VisitorID
	Conversation chat.ConversationID
	Since, Seen  int64 // ms since 1970
	CartValue    float64
	Rev          uint64 // grows with every change
	Pages        int
	State        State
	Cart         bool

	country [2]byte // in capitals; zero: none
	pageAt  uint32  // where in text the page begins
	locale  string  // in small letters
	text    string  // what is searched, in small letters: name, e-mail address, external id, page
}

// RowOf is a guest's row, in a state that the guest does not say.
func RowOf(g *chat.Guest, s State) Row {
	head := g.Name + "\x00" + g.Email + "\x00" + g.ExternalID + "\x00"
	r := Row{
		ID: g.ID, Conversation: g.Conversation, Since: g.Since, Seen: g.Seen, CartValue: g.CartValue, Pages: g.Pages, State: s, Cart: g.Cart != nil,
		country: region(g.Locale), locale: strings.ToLower(g.Locale),
	}
	head = strings.ToLower(head)
	r.pageAt, r.text = uint32(len(head)), head+strings.ToLower(g.Page)
	return r
}

// region is the region of a locale (RFC 5646): CN of zh-Hans-CN.
func region(locale string) (out [2]byte) {
	for i, from := 0, 0; from <= len(locale); i++ {
		to := strings.IndexAny(locale[from:], "-_")
		if to < 0 {
			to = len(locale) - from
		}
		if part := locale[from : from+to]; i > 0 && len(part) == len(out) {
			copy(out[:], strings.ToUpper(part))
			return out
		}
		from += to + 1
	}
	return out
}

// key is what the row is sorted by.
func (r *Row) key(sort string) float64 {
	switch sort {
	case chat.BySeen:
		return float64(r.Seen)
	case chat.ByPages:
		return float64(r.Pages)
	case chat.ByCart:
		return r.CartValue
	default:
		return float64(r.Since)
	}
}

// is reports whether two rows say the same.
func (r *Row) is(other *Row) bool {
	a, b := *r, *other
	a.Rev, b.Rev = 0, 0
	return a == b
}
