package chat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Guest is a visitor who is online, as the live board shows it.
type Guest struct {
	ID           VisitorID       `json:"id"`
	ExternalID   string          `json:"external_id,omitempty"`
	Verified     bool            `json:"verified,omitempty"`
	Name         string          `json:"name,omitempty"`
	Email        string          `json:"email,omitempty"`
	Locale       string          `json:"locale,omitempty"`
	Page         string          `json:"page,omitempty"` // where it is
	State        string          `json:"state"`          // idle, queued, chatting
	Conversation ConversationID  `json:"conversation_id,omitzero"`
	Since        int64           `json:"since"` // ms since 1970
	Seen         int64           `json:"seen"`  // when it last did something that is known, likewise
	Pages        int             `json:"pages,omitempty"`
	HasCart      bool            `json:"has_cart,omitempty"`
	Cart         json.RawMessage `json:"cart,omitempty"`
	CartValue    float64         `json:"cart_value,omitempty"`
	Trail        []Step          `json:"trail,omitempty"` // oldest first
}

// States of a Guest: what its open conversation is in. One that is put aside is none.
const (
	GuestIdle     = "idle"
	GuestQueued   = "queued"
	GuestChatting = "chatting"
)

// What a board is sorted by.
const (
	BySince = "since"
	BySeen  = "seen"
	ByPages = "pages"
	ByCart  = "cart_value"
)

// BoardQuery asks for a part of the live board. Zero fields ask for nothing.
type BoardQuery struct {
	Text    string    // part of name, e-mail address, external id or page
	Page    string    // part of the address of the page
	Locale  string    // its beginning, such as "zh"
	Country string    // the region of the locale, such as "CN"
	State   string    // idle, queued, chatting
	Cart    *bool     // has something in the cart
	Since   time.Time // online since this time or later
	Sort    string    // BySince by default
	Asc     bool      // the smallest first
	After   *BoardPlace
	Limit   int

	// What nodes ask of one another beside pages.
	Spots int         `json:",omitempty"` // only where the first so many stand
	Only  []VisitorID `json:",omitempty"` // these, without trail and cart, whatever they match
	Nodes []NodeID    `json:",omitempty"` // who is asked; nil: all
}

// Order is what the board is sorted by.
func (q *BoardQuery) Order() string {
	switch q.Sort {
	case BySeen, ByPages, ByCart:
		return q.Sort
	}
	return BySince
}

// BoardPlace is where a page of the board ended.
type BoardPlace struct {
	Key float64
	ID  VisitorID
}

// Board is a page of the live board.
type Board struct {
	Guests   []Guest
	Total    int  // how many there are that match, on those nodes that answered
	Complete bool // every node has answered
	Next     *BoardPlace
}

// Key is what a guest is sorted by.
func (q *BoardQuery) Key(g *Guest) float64 {
	switch q.Sort {
	case BySeen:
		return float64(g.Seen)
	case ByPages:
		return float64(g.Pages)
	case ByCart:
		return g.CartValue
	default:
		return float64(g.Since)
	}
}

// Compare orders places as the query wants them.
func (q *BoardQuery) Compare(a, b BoardPlace) int {
	c := cmp.Compare(a.Key, b.Key)
	if c == 0 {
		c = bytes.Compare(a.ID[:], b.ID[:])
	}
	if !q.Asc {
		c = -c
	}
	return c
}

// String is the place as a cursor.
func (p *BoardPlace) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%g %s", p.Key, p.ID))
}

// ParseBoardPlace reads a cursor; nil for none.
func ParseBoardPlace(cursor string) (*BoardPlace, error) {
	if cursor == "" {
		return nil, nil
	}
	bad := Errorf(Malformed, "cursor is not one that a list returned")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, bad
	}
	var p BoardPlace
	var id string
	if n, err := fmt.Sscanf(string(raw), "%g %s", &p.Key, &id); err != nil || n != 2 {
		return nil, bad
	}
	if p.ID, err = ParseID[Visitor](id); err != nil {
		return nil, bad
	}
	return &p, nil
}

// BoardMost is how many rows a page or a screen of the board has at most.
const BoardMost = 200

// Online returns a page of the live board: who is connected to any node. Every node is asked for its part; one that does not answer
// in a second is left out. Somebody who is connected to several nodes stands on the board as the one has it that heard of it last.
func (d *Desk) Online(ctx context.Context, a *Actor, q BoardQuery) (Board, error) {
	if q.Limit < 1 || q.Limit > BoardMost {
		return Board{}, Errorf(Malformed, "limit must be 1 to 200")
	}
	parts, complete, err := d.gather(ctx, a.Tenant, &q)
	if err != nil {
		return Board{}, err
	}
	b := Board{Complete: complete}
	var guests []Guest
	for _, p := range parts {
		guests, b.Total = append(guests, p.Guests...), b.Total+p.Total
	}
	if b.Guests = q.page(guests); len(b.Guests) > q.Limit {
		b.Guests = b.Guests[:q.Limit]
		last := &b.Guests[q.Limit-1]
		b.Next = &BoardPlace{q.Key(last), last.ID}
	}
	return b, nil
}

// page sorts guests, each once.
func (q *BoardQuery) page(guests []Guest) []Guest {
	newest := make(map[VisitorID]int64, len(guests))
	for i := range guests {
		newest[guests[i].ID] = max(newest[guests[i].ID], guests[i].Seen)
	}
	slices.SortFunc(guests, func(a, b Guest) int {
		return q.Compare(BoardPlace{q.Key(&a), a.ID}, BoardPlace{q.Key(&b), b.ID})
	})
	guests = slices.DeleteFunc(guests, func(g Guest) bool { return g.Seen < newest[g.ID] })
	return slices.CompactFunc(guests, func(a, b Guest) bool { return a.ID == b.ID })
}
