package chat

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
)

// MaxSpots is how far from the beginning of a board one can look at once.
const MaxSpots = 10_000 + BoardMost

// BoardSpot is where a visitor stands on a board: little enough to be asked of every node for thousands.
type BoardSpot struct {
	BoardPlace
	Seen int64  // Guest's
	Rev  uint64 // another one: something of the guest has changed. It means something only on its node
	Node NodeID // where it is; zero as a node tells it of itself
}

// BoardSpots is the beginning of a board.
type BoardSpots struct {
	Spots    []BoardSpot // each visitor once
	Total    int         // how many match, on those nodes that answered
	Complete bool        // every node has answered
}

// BoardSpots returns where the first n of a tenant's visitors stand who match, on any node.
func (d *Desk) BoardSpots(ctx context.Context, t TenantID, q BoardQuery, n int) (BoardSpots, error) {
	q.Spots, q.Limit, q.After = min(n, MaxSpots), 0, nil
	parts, complete, err := d.gather(ctx, t, &q)
	if err != nil {
		return BoardSpots{}, err
	}
	out := BoardSpots{Complete: complete}
	for node, p := range parts {
		for i := range p.Spots {
			p.Spots[i].Node = node
		}
		out.Spots, out.Total = append(out.Spots, p.Spots...), out.Total+p.Total
	}
	if len(parts) > 1 {
		out.Spots = q.merge(out.Spots)
	}
	out.Spots = out.Spots[:min(len(out.Spots), q.Spots)]
	return out, nil
}

// merge sorts spots, each visitor's newest.
func (q *BoardQuery) merge(spots []BoardSpot) []BoardSpot {
	newest := make(map[VisitorID]int64, len(spots))
	for i := range spots {
		newest[spots[i].ID] = max(newest[spots[i].ID], spots[i].Seen)
	}
	slices.SortFunc(spots, func(a, b BoardSpot) int { return q.Compare(a.BoardPlace, b.BoardPlace) })
	spots = slices.DeleteFunc(spots, func(s BoardSpot) bool { return s.Seen < newest[s.ID] })
	return slices.CompactFunc(spots, func(a, b BoardSpot) bool { return a.ID == b.ID })
}

// BoardGuests returns the guests who stand at spots, without trail and cart, by id. Those are missing who have gone meanwhile, or whose
// node does not answer.
func (d *Desk) BoardGuests(ctx context.Context, t TenantID, spots []BoardSpot) (map[VisitorID]Guest, error) {
	out := make(map[VisitorID]Guest, len(spots))
	if len(spots) == 0 {
		return out, nil
	}
	q := BoardQuery{Nodes: []NodeID{}}
	at := make(map[VisitorID]NodeID, len(spots))
	for i := range spots {
		at[spots[i].ID] = spots[i].Node
		q.Only = append(q.Only, spots[i].ID)
		if !slices.Contains(q.Nodes, spots[i].Node) {
			q.Nodes = append(q.Nodes, spots[i].Node)
		}
	}
	parts, _, err := d.gather(ctx, t, &q)
	if err != nil {
		return nil, err
	}
	for node, p := range parts {
		for i := range p.Guests {
			if g := &p.Guests[i]; at[g.ID] == node {
				out[g.ID] = *g
			}
		}
	}
	return out, nil
}

const spotBytes = 8 + 16 + 8 + 8

// append appends the spot as a node tells it of itself: key, id, seen, rev; big endian.
func (s *BoardSpot) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.Key))
	b = append(b, s.ID[:]...)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(s.Seen)), s.Rev)
}

// appendSpots reads spots of a node.
func appendSpots(spots []BoardSpot, b []byte, node NodeID) []BoardSpot {
	for ; len(b) >= spotBytes; b = b[spotBytes:] {
		spots = append(spots, BoardSpot{
			BoardPlace: BoardPlace{math.Float64frombits(binary.BigEndian.Uint64(b)), VisitorID(b[8:24])},
			Seen:       int64(binary.BigEndian.Uint64(b[24:])), Rev: binary.BigEndian.Uint64(b[32:]), Node: node,
		})
	}
	return spots
}
