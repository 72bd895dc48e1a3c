package live

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// queues tells visitors that wait where they stand.
type queues struct {
	told map[chat.TenantID]map[chat.ConversationID]told // only run's goroutine
}

// told is what a visitor was told last.
type told struct {
	place int
	eta   int // seconds; -1: unknown
	at    time.Time
}

const (
	queueEvery = 2 * time.Second
	queueCall  = 2 * time.Second
	// queueAgain is how often a visitor is told the same, who may be on another page by then.
	queueAgain = 10 * time.Second
	// queueMost is how many of a queue are told: who stands farther behind learns of it later.
	queueMost = 1000
)

// run tells, until ctx ends.
func (q *queues) run(ctx context.Context, h *Handler) error {
	tick := time.NewTicker(queueEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := q.pass(ctx, h)
		if err != nil && !failing && ctx.Err() == nil { // once, however long the database is away
			h.cfg.Logger.Warn("who waits is not told where", "err", err)
		}
		failing = err != nil
	}
}

func (q *queues) pass(ctx context.Context, h *Handler) error {
	ctx, cancel := context.WithTimeout(ctx, queueCall)
	defer cancel()
	tenants, err := h.desk.Queues(ctx)
	if err != nil {
		return err
	}
	next := make(map[chat.TenantID]map[chat.ConversationID]told, len(tenants))
	for _, t := range tenants {
		places, err := h.desk.Queue(ctx, t, queueMost)
		if err != nil {
			return err
		}
		next[t] = q.tell(h, t, places)
	}
	q.told = next
	return nil
}

// tell tells one tenant's visitors what is new to them, and returns what they know then.
func (q *queues) tell(h *Handler, t chat.TenantID, places []chat.QueuePlace) map[chat.ConversationID]told {
	now := time.Now()
	space := h.spaces.of(t)
	know := make(map[chat.ConversationID]told)
	for i := range places {
		p := &places[i]
		topic := userTopic(space, chat.UserID(p.Visitor))
		if h.hub.Count(topic) == 0 {
			continue // not here
		}
		n := told{place: p.Place, eta: -1, at: now}
		if p.Known {
			n.eta = roundWait(p.Wait)
		}
		if old, ok := q.told[t][p.Conversation]; ok && old.place == n.place && old.eta == n.eta && now.Sub(old.at) < queueAgain {
			know[p.Conversation] = old
			continue
		}
		know[p.Conversation] = n
		h.tellPlace(topic, p.Conversation, n)
	}
	return know
}

// roundWait is a wait in seconds, no finer than can be known: to 5 s in the first minute, to 30 s in the first ten, then to minutes.
func roundWait(d time.Duration) int {
	step := 5 * time.Second
	switch {
	case d > 10*time.Minute:
		step = time.Minute
	case d > time.Minute:
		step = 30 * time.Second
	}
	return int(max(d.Round(step), step).Seconds())
}

// tellPlace sends a visitor's connections where it stands. An eta that nobody knows is null.
func (h *Handler) tellPlace(topic engine.Topic, conv chat.ConversationID, n told) {
	body := struct {
		Place int  `json:"place"`
		ETA   *int `json:"eta_seconds"`
	}{Place: n.place}
	if n.eta >= 0 {
		body.ETA = &n.eta
	}
	data, err := json.Marshal(body)
	if err != nil { // numbers always marshal
		panic(err)
	}
	var frames [engine.Kinds]*engine.Frame
	h.hub.Publish(topic, func(c *engine.Conn) *engine.Frame {
		f := &frames[c.Kind()]
		if *f == nil {
			*f = encode(c.Kind(), codec.Header{Flags: codec.FlagEphemeral}, &codec.Event{Name: "queue.position", Conv: codec.UUID(conv), Data: data})
		}
		(*f).Retain()
		return *f
	}, engine.Ephemeral)
	for _, f := range frames {
		if f != nil {
			f.Release()
		}
	}
}
