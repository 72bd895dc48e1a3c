package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"
)

// Announcement is a webhook's event that no row is written for: somebody came, went, or said something else of himself.
type Announcement struct {
	Tenant  TenantID
	Type    string
	At      time.Time
	Subject [16]byte // whom it is about
	Data    json.RawMessage
}

const (
	announceMost  = 4096 // that wait: more at once are dropped, as is all presence under load
	announceBatch = 500  // that are written at once
	announceEvery = 200 * time.Millisecond
	announceCall  = 5 * time.Second
)

// announcer tells webhooks of presence, batch by batch. Of what every node hears only the one that routes the tenant's queue tells.
type announcer struct {
	queue chan Announcement

	mu     sync.Mutex
	states map[person]Availability // of agents, as they were told last; Offline is not kept
}

func newAnnouncer() announcer {
	return announcer{queue: make(chan Announcement, announceMost), states: make(map[person]Availability)}
}

// moved notes an agent's state, and reports whether it is another one than before.
func (w *announcer) moved(who person, to Availability) (from Availability, is bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from = w.states[who]
	if to == Offline {
		delete(w.states, who)
	} else {
		w.states[who] = to
	}
	return from, from != to
}

var availabilityNames = [...]string{"offline", "online", "busy", "away"}

// String returns the wire's name of the state.
func (a Availability) String() string { return nameOf(availabilityNames[:], int(a)) }

// announce queues what a change of presence is to webhooks. It never blocks.
func (d *Desk) announce(c *PresenceChange) {
	out := Announcement{Tenant: c.Tenant, At: d.now(), Subject: c.User}
	var data any
	switch c.Role {
	case RoleVisitor:
		out.Type = EventVisitorConnected
		if c.State == Offline {
			out.Type = EventVisitorDisconnected
		}
		var conv *ConversationID
		if !c.Conversation.IsZero() {
			conv = &c.Conversation
		}
		data = struct {
			ID           UserID          `json:"id"`
			Conversation *ConversationID `json:"conversation_id"`
		}{c.User, conv}
	case RoleAgent:
		from, moved := d.announcer.moved(person{c.Tenant, c.User}, c.State)
		if !moved || !d.Presence.routes(c.Tenant) {
			return
		}
		out.Type = EventAgentStatus
		data = struct {
			ID   UserID `json:"id"`
			From string `json:"previous_status"`
			To   string `json:"status"`
		}{c.User, from.String(), c.State.String()}
	default:
		return
	}
	var err error
	if out.Data, err = json.Marshal(data); err != nil { // ids and names always marshal
		panic(err)
	}
	select {
	case d.announcer.queue <- out:
	default: // more come and go at once than can be told
	}
}

// run writes what waits until ctx ends, and then what is left.
func (w *announcer) run(ctx context.Context, store Store, logger *slog.Logger) {
	failing := false
	for over := false; !over; {
		var batch []Announcement
		select {
		case <-ctx.Done():
			over = true
		case first := <-w.queue:
			batch = append(batch, first)
			wait := time.NewTimer(announceEvery)
			select {
			case <-ctx.Done():
			case <-wait.C:
			}
			wait.Stop()
		}
		for len(w.queue) > 0 && len(batch) < announceBatch {
			batch = append(batch, <-w.queue)
		}
		if len(batch) == 0 {
			continue
		}
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), announceCall)
		err := store.Announce(call, batch...)
		cancel()
		if err != nil && !failing {
			logger.Warn("webhooks can't be told who came and went", "err", err)
		}
		failing = err != nil
	}
}
