package live

import (
	"context"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// resume sends newcomers what followed each of their positions, or a GAP, and how far the database is: one look-up of heads for
// all of them.
func (sh *shard) resume(ctx context.Context, all []newcomer) {
	h := sh.h
	var who []*newcomer
	var keys []chat.Key
	ends := []int{0} // where each one's keys end
	for i := range all {
		n := &all[i]
		if n.s.refused || len(n.resume) == 0 {
			continue
		}
		for _, p := range n.resume {
			k := chat.Key{Tenant: n.s.actor.Tenant, Conversation: chat.ConversationID(p.Conv)}
			keys = append(keys, k)
			if n.s.agent != nil {
				// Joined before the look, so that nothing falls between; taken back if it is not readable.
				h.follow(n.s, k.Conversation)
			}
		}
		who, ends = append(who, n), append(ends, len(keys))
	}
	forks := h.forks.Load()
	apart(len(who), func(from, to int) error {
		first := ends[from]
		heads, err := h.desk.Heads(ctx, keys[first:ends[to]])
		if err != nil {
			return err
		}
		for i, n := range who[from:to] {
			a, b := ends[from+i], ends[from+i+1]
			sh.guard(n.s, n.rid, func() { sh.resumeOne(ctx, n, keys[a:b], heads[a-first:b-first], forks) })
		}
		return nil
	}, func(i int, err error) {
		for _, k := range keys[ends[i]:ends[i+1]] {
			who[i].s.endJoin(k.Conversation, ^chat.Seq(0), false)
		}
		h.refuse(who[i].s, err)
	})
}

// resumeOne sends one newcomer what followed. Conversations that the actor may not read, or that are not there
// (any more), are a GAP with top 0, the same for both: of one that was lost he may have what nobody else has, and whether somebody
// else's is there is no business of his.
func (sh *shard) resumeOne(ctx context.Context, n *newcomer, keys []chat.Key, heads []chat.Head, forks uint64) {
	h, s := sh.h, n.s
	var gaps []codec.Position
	// All of it together must leave room in the outbox, or a slow line would be closed for what it asked for.
	sh.room = s.conn.Tier().OutLimit / 2
	for i := range keys {
		id, after := keys[i].Conversation, chat.Seq(n.resume[i].Seq)
		if slices.Contains(keys[:i], keys[i]) {
			continue // named twice
		}
		if !h.desk.MayRead(&s.actor, &heads[i].State) {
			s.endJoin(id, ^chat.Seq(0), false)
			if s.agent != nil {
				h.unfollow(s, id)
			}
			if after > 0 { // whether it is somebody else's or not there
				gaps = append(gaps, codec.Position{Conv: codec.UUID(id)})
			}
			continue
		}
		sent, gap, err := sh.catchUp(ctx, s, keys[i], heads[i], after)
		if err != nil {
			h.cfg.Logger.Warn("resume could not read", "err", err)
			gap = max(heads[i].LastFor(s.actor.Audience()), 1)
		}
		if dropped := s.endJoin(id, sent, err == nil && gap != forked); gap != forked {
			gap = max(gap, dropped)
		}
		switch {
		case gap == forked:
			gaps = append(gaps, codec.Position{Conv: codec.UUID(id)})
		case gap > 0:
			gaps = append(gaps, codec.Position{Conv: codec.UUID(id), Seq: uint64(gap)})
		}
		if gap != forked {
			sh.owe(s, id, max(sent, heads[i].LastFor(s.actor.Audience())), forks)
		}
	}
	if len(gaps) > 0 {
		h.reply(s, 0, &codec.Gap{Items: gaps})
	}
	sh.payDurable(s)
}

// forked stands for a GAP with top 0: the client knows entries that the log does not.
const forked = ^chat.Seq(0)

// catchUp sends what followed after. It returns how far it got, and the top of a GAP if it was too much for one page.
func (sh *shard) catchUp(ctx context.Context, s *session, key chat.Key, head chat.Head, after chat.Seq) (sent, gap chat.Seq, err error) {
	h := sh.h
	top := head.LastFor(s.actor.Audience())
	if after > top {
		// The head in memory may be older than what another connection was told: ask the log itself before giving up.
		fresh, err := h.cfg.Log.Heads(ctx, key)
		if err != nil {
			return after, 0, err
		}
		if top = fresh[0].LastFor(s.actor.Audience()); after > top {
			return after, forked, nil
		}
	}
	if after == top {
		return after, 0, nil
	}
	if after > 0 && !after.SameEpoch(top) {
		known, _, err := h.desk.Messages(ctx, &s.actor, key.Conversation, chat.Page{After: after - 1, Before: after + 1, Limit: 1})
		if err != nil {
			return after, 0, err
		}
		if len(known) == 0 { // what the client knows was lost, and others wrote on without it
			return after, forked, nil
		}
	}
	events, all, err := h.desk.Follow(ctx, &s.actor, key.Conversation, after, pageMessages+1)
	if err != nil {
		return after, 0, err
	}
	size := 0
	for i := range events {
		size += len(events[i].Body) + messageOverhead
	}
	if !all || len(events) > pageMessages || size > min(pageBytes, sh.room) {
		if n := len(events); n > 0 {
			top = max(top, events[n-1].Seq)
		}
		return after, top, nil
	}
	sent = after
	sh.room -= size
	for i := range events {
		e := &events[i]
		h.reply(s, 0, messagePacket(&e.Message, s.actor.Audience()))
		sent = e.Seq
	}
	return sent, 0, nil
}
