package bench

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// View is a client's copy of a conversation, reduced to where it stands and what the order was.
type View struct {
	Conv codec.UUID
	Last uint64 // seq up to which everything that this audience may see has been applied
	Sum  uint64 // digest of (seq, mid) of everything applied since From, in order
	From uint64 // the digest covers what comes after
	Data any    // the scenario's own

	want    uint64 // known to exist beyond Last
	ahead   []link // SENDACKs whose predecessor is missing
	syncing bool
	joined  bool
	opened  bool // Joined has been called
}

// link is a place in the chain.
type link struct {
	prev, seq uint64
	mid       codec.UUID
}

// reorderWait is how long a client waits for a message that its SENDACK came ahead of (protocol rule 3).
const reorderWait = time.Second

func errorName(code uint16) string { return strconv.Itoa(int(code)) }

// View returns the client's view of a conversation, made if need be.
func (c *Client) View(conv codec.UUID) *View {
	if c.view != nil && c.view.Conv == conv {
		return c.view
	}
	if v := c.views[conv]; v != nil {
		return v
	}
	v := &View{Conv: conv}
	if c.view == nil {
		c.view = v
		return v
	}
	if c.views == nil {
		c.views = make(map[codec.UUID]*View)
	}
	c.views[conv] = v
	return v
}

// known returns the view of a conversation if there is one.
func (c *Client) known(conv *codec.UUID) *View {
	if c.view != nil && c.view.Conv == *conv {
		return c.view
	}
	return c.views[*conv]
}

// Forget drops a view: LEAVE for agents.
func (c *Client) Forget(v *View) {
	if v.joined {
		c.send(codec.Header{}, &codec.Leave{Conv: v.Conv})
	}
	if c.view == v {
		c.view = nil
		for id, other := range c.views { // any of them becomes the first
			c.view = other
			delete(c.views, id)
			break
		}
		return
	}
	delete(c.views, v.Conv)
}

func (c *Client) eachView(fn func(*View)) {
	if c.view != nil {
		fn(c.view)
	}
	for _, v := range c.views {
		fn(v)
	}
}

// apply moves the view one entry on.
func (v *View) apply(seq uint64, mid *codec.UUID) {
	v.Last = seq
	if seq > v.From {
		v.digest(seq, mid)
	}
}

func (v *View) digest(seq uint64, mid *codec.UUID) {
	const prime = 0x9E3779B97F4A7C15
	v.Sum = (v.Sum ^ seq ^ binary.LittleEndian.Uint64(mid[:8])) * prime
	v.Sum ^= v.Sum>>29 ^ binary.LittleEndian.Uint64(mid[8:])
}

// onMessage applies a live MESSAGE by the chain (protocol rule 5).
func (c *Client) onMessage(m *codec.Message) {
	v := c.known(&m.Conv)
	if v == nil {
		c.loop.Stats.Known++ // of a conversation that this scenario does not follow
		return
	}
	switch {
	case m.Seq <= v.Last:
		c.loop.Stats.Known++
		c.ackByMessage(m)
	case m.Prev == v.Last:
		c.take(v, m)
		c.catchUp(v)
	default:
		c.behind(v, m.Seq)
	}
}

// take applies a message that is next.
func (c *Client) take(v *View, m *codec.Message) {
	v.apply(m.Seq, &m.MID)
	c.loop.Stats.Messages++
	c.ackByMessage(m)
	c.events.Message(c, v, m)
}

// ackByMessage settles an own message that came back as a MESSAGE: that counts as its ack.
func (c *Client) ackByMessage(m *codec.Message) {
	if m.Sender != c.User || c.box == nil {
		return
	}
	if s := c.settleCMID(&m.CMID); s != nil {
		c.acked(s, m.Seq, m.MID)
	}
}

func (c *Client) onSendack(a *codec.Sendack) {
	if a.Dup {
		c.loop.Stats.Dups++
	}
	s := c.settleCMID(&a.CMID)
	if v := c.known(&a.Conv); v != nil && !a.Dup && a.Seq > v.Last {
		if a.Prev == v.Last {
			v.apply(a.Seq, &a.MID)
			c.catchUp(v)
		} else {
			c.waitFor(v, a)
		}
	}
	if s != nil {
		c.acked(s, a.Seq, a.MID)
	}
}

// waitFor keeps a SENDACK whose predecessor has not come yet. After a second the client asks.
func (c *Client) waitFor(v *View, a *codec.Sendack) {
	v.ahead = append(v.ahead, link{a.Prev, a.Seq, a.MID})
	seq := a.Seq
	c.loop.after(reorderWait, func() {
		if v.Last < seq && c.status == clientReady {
			v.ahead = v.ahead[:0]
			c.behind(v, seq)
		}
	})
}

// catchUp applies SENDACKs whose turn has come.
func (c *Client) catchUp(v *View) {
	for i := 0; i < len(v.ahead); {
		switch a := v.ahead[i]; {
		case a.seq <= v.Last:
		case a.prev == v.Last:
			v.apply(a.seq, &a.mid)
		default:
			i++
			continue
		}
		v.ahead = append(v.ahead[:i], v.ahead[i+1:]...)
		i = 0
	}
}

// behind asks for what is missing up to seq.
func (c *Client) behind(v *View, seq uint64) {
	v.want = max(v.want, seq)
	if v.syncing {
		return
	}
	v.syncing = true
	c.loop.Stats.Syncs++
	b := c.outbox()
	b.calls = append(b.calls, &call{view: v, limit: pageLimit})
	c.ask()
}

// pageLimit is how many messages a client asks for at once.
const pageLimit = 200

// Join asks for a conversation: its newest page if this view is new, otherwise what came after. Joined follows.
func (c *Client) Join(conv codec.UUID) *View {
	v := c.View(conv)
	c.join(v)
	return v
}

func (c *Client) join(v *View) {
	v.joined = true
	b := c.outbox()
	for _, k := range b.calls {
		if k.view == v && k.isJoin {
			return
		}
	}
	b.calls = append(b.calls, &call{view: v, limit: pageLimit, isJoin: true})
	c.ask()
}

// Fetch reads a whole conversation from the log, without touching the view.
type Fetch struct {
	Conv codec.UUID
	// Page takes the messages of each page, borrowed; done is true with the last.
	Page func(messages []codec.Message, done bool)
	// Failed says that the server refused.
	Failed func(e *codec.Error)
}

// Fetch begins to read a conversation with SYNC from 0.
func (c *Client) Fetch(f *Fetch) {
	b := c.outbox()
	b.calls = append(b.calls, &call{fetch: f, limit: pageLimit})
	c.ask()
}

// ask sends calls that have not been asked yet, a few at a time.
func (c *Client) ask() {
	b := c.box
	if b == nil || c.status != clientReady || c.loop.now < b.paused {
		return
	}
	for _, k := range b.calls {
		if b.running >= callsAtOnce {
			return
		}
		if k.asked {
			continue
		}
		k.asked, k.rid = true, c.nextRID()
		b.running++
		h := codec.Header{RID: k.rid}
		switch {
		case k.fetch != nil:
			c.send(h, &codec.Sync{Conv: k.fetch.Conv, After: k.after, Limit: k.limit})
		case k.isJoin:
			c.send(h, &codec.Join{Conv: k.view.Conv, After: k.view.Last, Limit: k.limit})
		default:
			c.send(h, &codec.Sync{Conv: k.view.Conv, After: k.view.Last, Limit: k.limit})
		}
	}
}

func (c *Client) pauseCalls(wait time.Duration) {
	b := c.box
	until := c.loop.now + int64(wait)
	if until <= b.paused {
		return
	}
	b.paused = until
	c.loop.at(until, c.ask)
}

// answered takes the call that an answer belongs to.
func (c *Client) answered(rid uint16) *call {
	if c.box == nil {
		return nil
	}
	for i, k := range c.box.calls {
		if k.asked && k.rid == rid {
			c.box.calls = append(c.box.calls[:i], c.box.calls[i+1:]...)
			c.box.running--
			return k
		}
	}
	return nil
}

// refused ends a call for good.
func (k *call) refused(c *Client, e *codec.Error) {
	switch {
	case k.fetch != nil:
		k.fetch.Failed(e)
	case k.isJoin:
		k.view.joined = false
		c.events.JoinRefused(c, k.view, e)
	default:
		k.view.syncing = false
	}
}

func (c *Client) onJoined(rid uint16, p *codec.Joined) {
	k := c.answered(rid)
	if k == nil || k.view == nil {
		return
	}
	v := k.view
	fresh := v.Last == 0
	c.page(v, p.Messages)
	switch {
	case fresh || p.Complete:
		v.Last = max(v.Last, p.Top)
		c.catchUp(v)
	case p.Top > v.Last:
		c.behind(v, p.Top)
	}
	if !v.opened {
		v.opened = true
		c.events.Joined(c, v)
	}
	c.ask()
	c.tidy()
}

func (c *Client) onSynced(rid uint16, p *codec.Synced) {
	k := c.answered(rid)
	if k == nil {
		return
	}
	if k.fetch != nil {
		c.fetched(k, p)
	} else {
		v := k.view
		v.syncing = false
		c.page(v, p.Messages)
		if p.Complete {
			v.Last = max(v.Last, p.Top)
		}
		c.catchUp(v)
		if v.want > v.Last {
			c.behind(v, v.want)
		}
	}
	c.ask()
	c.tidy()
}

func (c *Client) fetched(k *call, p *codec.Synced) {
	done := p.Complete || len(p.Messages) == 0
	if n := len(p.Messages); n > 0 {
		k.after = p.Messages[n-1].Seq
	}
	if !done {
		k.asked = false
		c.box.calls = append(c.box.calls, k)
	}
	k.fetch.Page(p.Messages, done)
}

// page applies the messages of a page that are new; pages are not chain-checked.
func (c *Client) page(v *View, messages []codec.Message) {
	for i := range messages {
		m := &messages[i]
		if m.Seq <= v.Last {
			c.loop.Stats.Known++
			c.ackByMessage(m)
			continue
		}
		c.take(v, m)
	}
}

func (c *Client) onGap(p *codec.Gap) {
	for _, item := range p.Items {
		c.loop.Stats.Gaps++
		v := c.known(&item.Conv)
		switch {
		case v == nil:
		case item.Seq == 0:
			c.loop.Stats.Forks++
			v.Last, v.want = 0, 0
			c.join(v)
		case item.Seq > v.Last:
			c.behind(v, item.Seq)
		}
	}
}
