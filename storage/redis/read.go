package redis

import (
	"context"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Heads implements chat.Log: one round trip, and one query for conversations that Redis does not know.
func (l *Log) Heads(ctx context.Context, wanted ...chat.Key) (out []chat.Head, err error) {
	if err := l.up(ctx); err != nil {
		return nil, err
	}
	if l.silent() {
		return l.knownHeads(ctx, wanted)
	}
	var ask []int
	for try := 0; ; try++ {
		var current bool
		if out, ask, current, err = l.lookHeads(ctx, wanted); err != nil {
			return l.knownHeads(ctx, wanted)
		}
		if current {
			break
		}
		if try == 3 {
			return nil, errBusy
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	l.stats.lookups.Inc()
	asked := make([]chat.Key, len(ask))
	for j, i := range ask {
		asked[j] = wanted[i]
	}
	rows, err := l.Database.Heads(ctx, asked...)
	if err != nil {
		return nil, busy("read conversations", err)
	}
	for j, h := range rows {
		if h.Last > out[ask[j]].Last {
			out[ask[j]] = h
		}
	}
	return out, nil
}

// knownHeads returns where conversations stand as far as this node and the database know, for readers while Redis is away:
// nobody can append then. Whoever appends is judged by Redis.
func (l *Log) knownHeads(ctx context.Context, wanted []chat.Key) ([]chat.Head, error) {
	out := make([]chat.Head, len(wanted))
	var ask []chat.Key
	var at []int
	for i, k := range wanted {
		p := &l.parts[partitionOf(k)]
		p.mu.Lock()
		list, unsure := p.recent(k), p.projected.Before(p.dropped)
		if n := len(list); n > 0 {
			e := list[n-1]
			out[i] = chat.Head{State: e.State, Last: e.Seq, LastPublic: e.PrevPublic}
			if e.Visibility == chat.Public {
				out[i].LastPublic = e.Seq
			}
		} else {
			ask, at = append(ask, k), append(at, i)
		}
		p.mu.Unlock()
		if unsure && len(list) == 0 {
			return nil, errBehind
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	l.stats.lookups.Inc()
	rows, err := l.Database.Heads(ctx, ask...)
	if err != nil {
		return nil, busy("read conversations", err)
	}
	for j, h := range rows {
		out[at[j]] = h
	}
	return out, nil
}

// lookHeads returns the heads that Redis has, and which ones the database must be asked for. Not current: an epoch or generation
// has begun that this node had not heard of, and nothing else holds.
func (l *Log) lookHeads(ctx context.Context, keys []chat.Key) (out []chat.Head, ask []int, current bool, err error) {
	fields := make([]wanted, len(keys))
	for i, k := range keys {
		fields[i] = wanted{&l.parts[partitionOf(k)], string(k.Tenant[:]) + string(k.Conversation[:])}
	}
	got, err := l.lookUp(ctx, func(s *scope) string { return s.head }, fields)
	if err != nil {
		return nil, nil, false, busy("read conversations", err)
	}
	out = make([]chat.Head, len(keys))
	now := fromMillis(uint64(l.clock()))
	for i, f := range got {
		if !f.current {
			l.refresh(ctx, fields[i].p)
			return nil, nil, false, nil
		}
		if f.value == "" {
			if !f.book.isFresh(keys[i].Conversation, now, f.book.headsSince) {
				ask = append(ask, i)
			}
			continue
		}
		epoch, h, err := readHead(f.value)
		if err != nil {
			return nil, nil, false, err
		}
		if out[i] = h; epoch < f.begun { // history may have been lost since: the database may know more
			ask = append(ask, i)
		}
	}
	return out, ask, true, nil
}

// Read implements chat.Log.
func (l *Log) Read(ctx context.Context, key chat.Key, after chat.Seq, limit int) ([]chat.Event, error) {
	messages, _, err := l.Messages(ctx, key, chat.Page{After: after, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := make([]chat.Event, len(messages))
	for i := range messages {
		out[i].Message = messages[i]
	}
	return out, nil
}

// Messages implements chat.Log: what is in memory, and before it what is in the database, if they join.
func (l *Log) Messages(ctx context.Context, key chat.Key, page chat.Page) ([]chat.Message, bool, error) {
	if err := l.up(ctx); err != nil {
		return nil, false, err
	}
	recent, oldest, err := l.recent(ctx, key, &page)
	if err != nil {
		return nil, false, err
	}
	if err := l.readable(ctx, key, recent); err != nil {
		return nil, false, err
	}
	limit := max(page.Limit, 1)
	newest := page.Newest || page.Before > 0
	if oldest == nil || oldest.Prev <= page.After { // all of the range is in memory, or nothing of it
		if oldest == nil {
			return l.rows(ctx, key, page)
		}
		return cut(recent, limit, newest)
	}
	if newest && len(recent) >= limit {
		return recent[len(recent)-limit:], false, nil
	}
	older := page
	older.Newest = false
	if older.Before == 0 || older.Before > oldest.Seq {
		older.Before = oldest.Seq
	}
	if newest {
		older.Limit = limit - len(recent)
		rows, complete, err := l.rows(ctx, key, older)
		return append(rows, recent...), complete, err
	}
	rows, complete, err := l.ascending(ctx, key, older)
	if err != nil || !complete {
		return rows, false, err
	}
	out, all := rows, true
	for _, m := range recent {
		if len(out) == limit {
			all = false
			break
		}
		out = append(out, m)
	}
	return out, all, nil
}

// recent returns what memory has of a page, ascending, and the oldest event in memory whatever the page; nil if there is none.
func (l *Log) recent(ctx context.Context, key chat.Key, page *chat.Page) (out []chat.Message, oldest *chat.Event, err error) {
	p := &l.parts[partitionOf(key)]
	p.mu.Lock()
	list := slices.Clone(p.recent(key))
	behind := p.projected.Before(p.dropped)
	p.mu.Unlock()
	// After a loss the database may have what the stream has not: only what hangs together counts as being in memory.
	for i := len(list) - 1; i > 0; i-- {
		if list[i].Prev != list[i-1].Seq {
			list = list[i:]
			break
		}
	}
	if n := len(list); n > 0 && uint64(list[n-1].Seq)>>epochShift < p.began() {
		if list, err = l.withLost(ctx, key, list); err != nil {
			return nil, nil, err
		}
	}
	if len(list) > 0 {
		oldest = list[0].Event
	}
	if behind && (oldest == nil || oldest.Prev > page.After) {
		if err := l.joins(ctx, key, oldest); err != nil {
			return nil, nil, err
		}
	}
	for _, e := range list {
		if e.Seq > page.After && (page.Before == 0 || e.Seq < page.Before) &&
			(page.Audience == chat.AudienceAll || e.Visibility == chat.Public) {
			out = append(out, e.Message)
		}
	}
	return out, oldest, nil
}

// epochShift is how many bits of a seq count within its epoch; see append.lua.
const epochShift = 23

// lostAtMost is how many messages of a conversation that Redis lost are read beside those in memory; if there are more, all is read from
// the database.
const lostAtMost = 200

// withLost returns what memory has of a conversation that nothing was appended to since Redis lost something, with what the database
// has that came behind it and was lost.
func (l *Log) withLost(ctx context.Context, key chat.Key, list []located) ([]located, error) {
	last := list[len(list)-1].Seq
	rows, complete, err := l.rows(ctx, key, chat.Page{After: last, Limit: lostAtMost})
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return list, nil
	case !complete:
		return nil, nil
	case rows[0].Prev != last:
		list = nil // it was not the only loss: what is older is read from the database, too
	}
	for i := range rows {
		list = append(list, located{Event: &chat.Event{Message: rows[i]}})
	}
	return list, nil
}

// joins makes sure, when memory had to let go of what is not in the database yet, that nothing lies between the two.
func (l *Log) joins(ctx context.Context, key chat.Key, oldest *chat.Event) error {
	rows, err := l.Database.Heads(ctx, key)
	if err != nil {
		return busy("read conversations", err)
	}
	var need chat.Seq
	if oldest != nil {
		need = oldest.Prev
	} else {
		heads, err := l.Heads(ctx, key)
		if err != nil {
			return err
		}
		need = heads[0].Last
	}
	if rows[0].Last < need {
		return errBehind
	}
	return nil
}

var errBehind = &chat.Error{Code: chat.Busy, Message: "the database is behind; try again"}

func (l *Log) rows(ctx context.Context, key chat.Key, page chat.Page) ([]chat.Message, bool, error) {
	l.stats.lookups.Inc()
	m, complete, err := l.Database.Messages(ctx, key, page)
	if err != nil {
		return nil, false, busy("read messages", err)
	}
	return m, complete, nil
}

// ascending reads the oldest rows of a page that has an upper bound.
func (l *Log) ascending(ctx context.Context, key chat.Key, page chat.Page) ([]chat.Message, bool, error) {
	before := page.Before
	page.Before = 0 // which would ask for the newest
	rows, complete, err := l.rows(ctx, key, page)
	for i := range rows {
		if rows[i].Seq >= before {
			return rows[:i], true, err
		}
	}
	return rows, complete, err
}

func cut(m []chat.Message, limit int, newest bool) ([]chat.Message, bool, error) {
	switch {
	case len(m) <= limit:
		return m, true, nil
	case newest:
		return m[len(m)-limit:], false, nil
	default:
		return m[:limit], false, nil
	}
}

// CatchUp implements chat.Log: what another node appended may still be on its way here, but it is in the stream.
func (l *Log) CatchUp(ctx context.Context, key chat.Key, seq chat.Seq) error {
	p := &l.parts[partitionOf(key)]
	p.mu.Lock()
	list := p.recent(key)
	there := len(list) > 0 && list[len(list)-1].Seq >= seq
	p.mu.Unlock()
	if there {
		return nil
	}
	if err := l.look(ctx, p); err != nil {
		return busy("read what was appended", err)
	}
	return nil
}

// Projected implements chat.Log.
func (l *Log) Projected(key chat.Key, seq chat.Seq) bool {
	p := &l.parts[partitionOf(key)]
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settled(key, seq)
}

// Settled reports whether the rows hold everything that this node has heard of.
func (l *Log) Settled() bool {
	for i := range l.parts {
		p := &l.parts[i]
		p.mu.Lock()
		done := p.filled && !p.cursor.Before(p.highest) && !p.projected.Before(p.dropped) && p.unprojected() == len(p.batches)
		p.mu.Unlock()
		if !done {
			return false
		}
	}
	return true
}

// Settle implements chat.Log.
func (l *Log) Settle(ctx context.Context, key chat.Key, seq chat.Seq) error {
	p := &l.parts[partitionOf(key)]
	again := time.NewTicker(doubtFor / 10)
	defer again.Stop()
	for {
		p.mu.Lock()
		done, moved := p.settled(key, seq), p.moved
		p.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		case <-again.C: // a doubt may be over
		}
	}
}
