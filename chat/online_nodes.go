package chat

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// boardWait is how long other nodes are waited for.
const boardWait = time.Second

// boardPart is about how many bytes one signal carries.
const boardPart = 200 << 10

// BoardPart is what one node knows of a board.
type BoardPart struct {
	Guests []Guest
	Spots  []BoardSpot
	Total  int // how many match
}

// boards gathers what other nodes answer. Safe for concurrent use.
type boards struct {
	mu      sync.Mutex
	own     func(ctx context.Context, t TenantID, q *BoardQuery) BoardPart // nil: no visitors are here
	waiting map[SessionID]*boardCall
}

// boardCall is a question to other nodes.
type boardCall struct {
	missing map[NodeID]int // how many parts are missing of each; -1: all
	parts   map[NodeID]*BoardPart
	done    chan struct{} // closed when all have answered
}

// boardAnswer is a part of a node's answer.
type boardAnswer struct {
	Total  int     `json:"total,omitempty"` // in the first part
	Guests []Guest `json:"guests,omitempty"`
	Spots  []byte  `json:"spots,omitempty"` // spotBytes each
}

// SetBoard gives the Desk a way to ask for the guests who are connected to this node: up to q.Limit+1 of them, sorted, and how
// many match; or where the first q.Spots stand, or q.Only. Before Run.
func (d *Desk) SetBoard(own func(ctx context.Context, t TenantID, q *BoardQuery) BoardPart) {
	d.boards.mu.Lock()
	defer d.boards.mu.Unlock()
	d.boards.own = own
}

// gather asks this node and the others, and returns what those knew that answered in time; complete if all did.
func (d *Desk) gather(ctx context.Context, t TenantID, q *BoardQuery) (parts map[NodeID]*BoardPart, complete bool, err error) {
	self, asked := d.Presence.node, func(n NodeID) bool { return q.Nodes == nil || slices.Contains(q.Nodes, n) }
	call := &boardCall{missing: make(map[NodeID]int), parts: make(map[NodeID]*BoardPart), done: make(chan struct{})}
	for _, n := range d.Presence.boardPeers() {
		if asked(n) {
			call.missing[n] = -1
		}
	}
	id, alone := NewID[Origin](), len(call.missing) == 0
	if !alone {
		if err := d.askNodes(id, call, t, q); err != nil {
			return nil, false, err
		}
	}
	parts, complete = make(map[NodeID]*BoardPart), true
	if asked(self) {
		own := d.ownBoard(ctx, t, q)
		parts[self] = &own
	}
	if alone {
		return parts, true, nil
	}
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
	defer d.boards.mu.Unlock()
	delete(d.boards.waiting, id)
	for n, p := range call.parts {
		parts[n] = p
	}
	return parts, complete, nil
}

func (d *Desk) ownBoard(ctx context.Context, t TenantID, q *BoardQuery) BoardPart {
	d.boards.mu.Lock()
	own := d.boards.own
	d.boards.mu.Unlock()
	if own == nil {
		return BoardPart{}
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
	each(ctx, d.asks, func(s Signal) { d.answerBoard(ctx, &s) })
}

func (d *Desk) answerBoard(ctx context.Context, s *Signal) {
	var q BoardQuery
	if json.Unmarshal(s.Data, &q) != nil || q.Nodes != nil && !slices.Contains(q.Nodes, d.Presence.node) || !q.bounded() {
		return
	}
	own := d.ownBoard(ctx, s.Tenant, &q)
	parts := own.split()
	for i := range parts {
		body, err := json.Marshal(&parts[i])
		if err != nil {
			return
		}
		data := binary.BigEndian.AppendUint16(slices.Clone(d.Presence.node[:]), uint16(len(parts)))
		d.signal(Signal{Kind: SignalBoardTell, Tenant: s.Tenant, Origin: s.Origin, Data: append(data, body...)})
	}
}

// bounded reports whether a question asks for no more than one may.
func (q *BoardQuery) bounded() bool {
	return q.Limit >= 0 && q.Limit <= BoardMost && q.Spots >= 0 && q.Spots <= MaxSpots && len(q.Only) <= MaxSpots && q.Limit+q.Spots+len(q.Only) > 0
}

// split makes an answer's parts. There is one at least.
func (p *BoardPart) split() []boardAnswer {
	parts := []boardAnswer{{Total: p.Total}}
	size := 0
	for i := range p.Guests {
		g := &p.Guests[i]
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
	for i := range p.Spots {
		if size += spotBytes * 4 / 3; size > boardPart {
			parts, size = append(parts, boardAnswer{}), spotBytes*4/3
		}
		last := &parts[len(parts)-1]
		last.Spots = p.Spots[i].append(last.Spots)
	}
	return parts
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
	missing, asked := call.missing[node]
	if !asked || missing == 0 || d.boards.waiting[s.Origin] != call {
		return
	}
	if missing < 0 {
		missing = int(binary.BigEndian.Uint16(s.Data[16:]))
		call.parts[node] = new(BoardPart)
	}
	call.missing[node] = missing - 1
	p := call.parts[node]
	p.Guests, p.Spots, p.Total = append(p.Guests, part.Guests...), appendSpots(p.Spots, part.Spots, node), p.Total+part.Total
	for _, n := range call.missing {
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
