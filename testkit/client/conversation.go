package client

import (
	"bytes"
	"time"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// conversation is a client's copy of one, and what it lacks. Client.mu guards it.
type conversation struct {
	id      codec.UUID
	last    uint64 // everything up to here that this audience may see was applied
	joined  bool   // the first page is in (or the conversation is the client's own invention): live messages may be applied
	asking  bool   // a JOIN or SYNC is on its way
	lacking bool   // SYNC as soon as possible
	resumed bool   // this connection's CONNECT listed it
	refused uint16 // code of the ERROR that refused it for good
	notYet  time.Time

	refusals int // ERRORs in a row that may pass

	messages []codec.Message
	mids     map[codec.UUID]bool
	held     map[uint64]held // ahead of the chain, by seq
	target   uint64          // newest seq known to exist
	since    time.Time       // since when target is ahead of last

	undurable []*Sending // acknowledged, and not yet covered by a DURABLE
}

// held is a message that came before the one that it follows.
type held struct {
	m   codec.Message
	via journal.Via
}

// missingAfter is how long a client waits for what a SENDACK showed to be missing (protocol rule 3).
const missingAfter = time.Second

func (c *Client) conversation(id codec.UUID) *conversation {
	v := c.convs[id]
	if v == nil {
		v = &conversation{id: id, mids: map[codec.UUID]bool{}, held: map[uint64]held{}}
		c.convs[id] = v
	}
	return v
}

// live takes a MESSAGE, or an own message whose SENDACK came. mu must be held.
func (c *Client) live(v *conversation, m *codec.Message, via journal.Via) {
	switch {
	case v.mids[m.MID]:
		c.journal.Receive(entry(m, via))
	case v.joined && m.Prev == v.last && (m.Prev > 0 || len(v.messages) == 0) && m.Seq > v.last:
		c.apply(v, m, via)
		c.drain(v)
	default:
		c.journal.Receive(entry(m, via))
		if m.Seq <= v.last {
			return // behind the chain and unknown: a page left it out, which the checker shall see
		}
		own := *m
		own.Body = bytes.Clone(m.Body)
		v.held[m.Seq] = held{own, via}
		if via == journal.ViaLive {
			v.lacking = true
		}
		v.ahead(m.Seq)
		c.advance(v, time.Now())
	}
}

func (v *conversation) ahead(seq uint64) {
	if seq > v.target {
		v.target = seq
	}
	if v.target > v.last && v.since.IsZero() {
		v.since = time.Now()
	}
}

// apply shows a message. mu must be held.
func (c *Client) apply(v *conversation, m *codec.Message, via journal.Via) {
	own := *m
	own.Body = bytes.Clone(m.Body)
	v.mids[m.MID] = true
	v.last = m.Seq
	v.messages = append(v.messages, own)
	c.journal.Apply(entry(m, via))
	if v.last >= v.target {
		v.since = time.Time{}
	}
	if c.cfg.OnMessage != nil {
		c.fired = append(c.fired, own)
	}
}

// drain applies what was held back and follows now. mu must be held.
func (c *Client) drain(v *conversation) {
	for again := true; again; {
		again = false
		for seq, h := range v.held {
			switch {
			case seq <= v.last || v.mids[h.m.MID]:
				delete(v.held, seq)
			case h.m.Prev == v.last:
				delete(v.held, seq)
				c.apply(v, &h.m, h.via)
				again = true
			}
		}
	}
}

// page takes a JOINED or SYNCED. mu must be held.
func (c *Client) page(v *conversation, r *request, top uint64, complete bool, messages []codec.Message) {
	v.asking, v.refusals = false, 0
	usable := complete || r.after > 0 || !r.join // the newest page alone would leave a hole before it
	for i := range messages {
		m := &messages[i]
		c.own(m)
		if usable && m.Seq > v.last && !v.mids[m.MID] {
			c.apply(v, m, journal.ViaPage)
		} else {
			c.journal.Receive(entry(m, journal.ViaPage))
		}
	}
	v.joined = true
	v.lacking = !complete || !usable
	if complete && usable {
		v.last = max(v.last, top)
	}
	c.drain(v)
	v.since = time.Time{}
	v.ahead(v.target)
	c.advance(v, time.Now())
}

// advance asks for what the conversation lacks, if it is time. mu must be held.
func (c *Client) advance(v *conversation, now time.Time) {
	if c.w == nil || !c.ready || v.asking || v.refused != 0 || now.Before(v.notYet) {
		return
	}
	if !v.since.IsZero() && now.Sub(v.since) > missingAfter && v.last < v.target {
		v.lacking = true
	}
	switch {
	case !v.joined:
		v.asking = true
		c.ask(&codec.Join{Conv: v.id, After: v.last, Limit: c.cfg.PageSize}, 0, &request{conv: v, after: v.last, join: true})
	case v.lacking:
		v.asking, v.lacking = true, false
		c.stats.Syncs++
		c.ask(&codec.Sync{Conv: v.id, After: v.last, Limit: c.cfg.PageSize}, 0, &request{conv: v, after: v.last})
	}
}

// reset drops the copy: history forked. mu must be held.
func (c *Client) reset(v *conversation) {
	c.stats.Resets++
	c.journal.Reset(v.id)
	v.last, v.joined, v.target, v.since = 0, false, 0, time.Time{}
	for _, r := range c.asked {
		if r.conv == v { // its answer would be of the copy that is dropped
			r.conv, v.asking = nil, false
		}
	}
	v.messages = nil
	clear(v.mids)
	clear(v.held)
	for _, s := range v.undurable {
		s.again = true
		c.outbox = append(c.outbox, s)
	}
	v.undurable = nil
}

// entry is a message for the journal.
func entry(m *codec.Message, via journal.Via) journal.Entry {
	return journal.Entry{
		Conv: m.Conv, CMID: m.CMID, MID: m.MID, Sender: m.Sender, Seq: m.Seq, Prev: m.Prev, Hash: journal.HashBody(m.Body),
		Internal: m.Visibility == codec.VisibilityInternal, System: m.Kind == codec.KindSystem, Via: via,
	}
}
