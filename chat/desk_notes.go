package chat

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// note appends an entry about a conversation that changes nothing of its state, once: the same cmid again is the same entry,
// whichever node says so. skip, if it is not nil, is asked with the state as it is then whether there is nothing to say.
func (d *Desk) note(ctx context.Context, a *Actor, id ConversationID, cmid CMID, c Change, skip func(*State) bool) error {
	key := Key{a.Tenant, id}
	for range maxRaces {
		h, err := d.readable(ctx, a, id)
		if err != nil {
			return err
		}
		if skip != nil && skip(&h.State) {
			return nil
		}
		e := d.stateEvent(a, key, h.State, h.State, c)
		e.CMID, e.Retry = cmid, true
		e.ID = DeriveMessageID(e.Conversation, e.Sender, e.CMID)
		receipts, err := d.log.Append(ctx, e)
		if err != nil {
			return err
		}
		if err = receipts[0].Err; err == nil {
			return nil
		}
		stale, err := d.wasStale(ctx, key, h.Version, err)
		if !stale && CodeOf(err) == Conflict {
			return nil // it is there, from a time when the conversation stood elsewhere
		}
		if !stale {
			return err
		}
	}
	return Errorf(Busy, "the conversation changes too fast; try again")
}

// onceAt derives the cmid of what is said once of a conversation, for a time.
func onceAt(what string, at time.Time) CMID {
	return CMID(version8(sha256.Sum256(fmt.Appendf(nil, "%s %d", what, at.UnixMilli()))))
}
