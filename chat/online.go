package chat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
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

// boardWait is how long other nodes are waited for.
const boardWait = time.Second

// boardPart is about how many bytes of guests one signal carries.
const boardPart = 200 << 10

// boards gathers what other nodes answer. Safe for concurrent use.
type boards struct {
	mu      sync.Mutex
	own     func(ctx context.Context, t TenantID, q *BoardQuery) ([]Guest, int) // nil: no visitors are here
	waiting map[SessionID]*boardCall
}

// boardCall is a question to all nodes.
type boardCall struct {
	nodes  map[NodeID]int // how many parts are missing of each; -1: all
	guests []Guest
	total  int
	done   chan struct{} // closed when all have answered
}

// boardAnswer is a part of a node's answer.
type boardAnswer struct {
	Total  int     `json:"total"` // in the first part
	Guests []Guest `json:"guests"`
}

// SetBoard gives the Desk a way to ask for the guests who are connected to this node: up to q.Limit+1 of them, sorted, and how
// many match. Before Run.
func (d *Desk) SetBoard(own func(ctx context.Context, t TenantID, q *BoardQuery) ([]Guest, int)) {
	d.boards.mu.Lock()
	defer d.boards.mu.Unlock()
	d.boards.own = own
}

// Online returns a page of the live board: who is connected to any node. Every node is asked for its part; one that does not answer
// in a second is left out. Somebody who is connected to several nodes stands on the board as the one has it that heard of it last.
func (d *Desk) Online(ctx context.Context, a *Actor, q BoardQuery) (Board, error) {
	if q.Limit < 1 || q.Limit > 200 {
		return Board{}, Errorf(Malformed, "limit must be 1 to 200")
	}
	call := &boardCall{nodes: make(map[NodeID]int), done: make(chan struct{})}
	for _, n := range d.Presence.boardPeers() {
		call.nodes[n] = -1
	}
	id, alone := NewID[Origin](), len(call.nodes) == 0
	if !alone {
		if err := d.askNodes(id, call, a.Tenant, &q); err != nil {
			return Board{}, err
		}
	}
	guests, total := d.ownBoard(ctx, a.Tenant, &q)
	complete := true
	if !alone {
		wait := time.NewTimer(boardWait)
		defer wait.Stop()
		select {
		case <-call.done:
		case <-wait.C:
			complete = false
		case <-ctx.Done():
			complete = false
		}
		d.boards.mu.Lock()
		delete(d.boards.waiting, id)
		guests, total = append(guests, call.guests...), total+call.total
		d.boards.mu.Unlock()
	}
	b := Board{Guests: q.page(guests), Total: total, Complete: complete}
	if len(b.Guests) > q.Limit {
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

func (d *Desk) ownBoard(ctx context.Context, t TenantID, q *BoardQuery) ([]Guest, int) {
	d.boards.mu.Lock()
	own := d.boards.own
	d.boards.mu.Unlock()
	if own == nil {
		return nil, 0
	}
	return own(ctx, t, q)
}

func (d *Desk) askNodes(id SessionID, call *boardCall, t TenantID, q *BoardQuery) error {
	data, err := json.Marshal(q)
	if err != nil {
		return err
	}
	d.boards.mu.Lock()
	if d.boards.waiting == nil {
		d.boards.waiting = make(map[SessionID]*boardCall)
	}
	d.boards.waiting[id] = call
	d.boards.mu.Unlock()
	d.signal(Signal{Kind: SignalBoardAsk, Tenant: t, User: UserID(d.Presence.node), Origin: id, Data: data})
	return nil
}

// heardAsk answers another node. It is called from the Broker's goroutine, which must not wait.
func (d *Desk) heardAsk(s Signal) {
	if s.User == UserID(d.Presence.node) || d.passive {
		return
	}
	select {
	case d.asks <- s:
	default: // it is asked too often: the others do without this node
	}
}

// answerBoards answers other nodes until ctx ends.
func (d *Desk) answerBoards(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-d.asks:
			d.answerBoard(ctx, &s)
		}
	}
}

func (d *Desk) answerBoard(ctx context.Context, s *Signal) {
	var q BoardQuery
	if json.Unmarshal(s.Data, &q) != nil || q.Limit < 1 || q.Limit > 200 {
		return
	}
	guests, total := d.ownBoard(ctx, s.Tenant, &q)
	parts := []boardAnswer{{Total: total}}
	size := 0
	for i := range guests {
		g := &guests[i]
		own := 400 + len(g.Page) + len(g.Cart)
		for j := range g.Trail {
			own += 200 + len(g.Trail[j].Data)
		}
		if size += own; size > boardPart {
			parts, size = append(parts, boardAnswer{}), own
		}
		last := &parts[len(parts)-1]
		last.Guests = append(last.Guests, *g)
	}
	for i := range parts {
		body, err := json.Marshal(&parts[i])
		if err != nil {
			return
		}
		data := binary.BigEndian.AppendUint16(slices.Clone(d.Presence.node[:]), uint16(len(parts)))
		d.signal(Signal{Kind: SignalBoardTell, Tenant: s.Tenant, Origin: s.Origin, Data: append(data, body...)})
	}
}

// heardTell takes in a part of another node's answer.
func (d *Desk) heardTell(s *Signal) {
	if len(s.Data) < 18 {
		return
	}
	d.boards.mu.Lock()
	call := d.boards.waiting[s.Origin]
	d.boards.mu.Unlock()
	var part boardAnswer
	if call == nil || json.Unmarshal(s.Data[18:], &part) != nil { // another node's question, or too late
		return
	}
	d.boards.mu.Lock()
	defer d.boards.mu.Unlock()
	node := NodeID(s.Data[:16])
	missing, asked := call.nodes[node]
	if !asked || missing == 0 || d.boards.waiting[s.Origin] != call {
		return
	}
	if missing < 0 {
		missing = int(binary.BigEndian.Uint16(s.Data[16:]))
	}
	call.nodes[node] = missing - 1
	call.guests, call.total = append(call.guests, part.Guests...), call.total+part.Total
	for _, n := range call.nodes {
		if n != 0 {
			return
		}
	}
	close(call.done)
}

// boardPeers returns the other nodes that have live connections.
func (p *Presence) boardPeers() (out []NodeID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, other := range p.peers {
		if !other.passive {
			out = append(out, id)
		}
	}
	return out
}
