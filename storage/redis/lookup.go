package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// wanted is something that a look-up asks for: a field of a hash that is kept in two generations, and the partition whose
// epoch decides whether what this node remembers of the bookkeeping still holds.
type wanted struct {
	p     *partition
	field string
}

// found is what a look-up brought of one wanted.
type found struct {
	value   string // "" if Redis does not have it
	book    book   // what it was asked with
	begun   uint64 // the partition's epoch as this node knows it
	current bool   // as Redis has it, too
}

// lookUp asks for fields of the hashes that name gives the keys of: three commands for each scope, in one round trip, however
// many fields there are.
func (l *Log) lookUp(ctx context.Context, name func(s *scope) string, fields []wanted) ([]found, error) {
	out := make([]found, len(fields))
	pipe := l.Client.Pipeline()
	var asks []*ask
	of := make(map[*scope]*ask, 1)
	for i, w := range fields {
		a := of[w.p.scope]
		if a == nil {
			a = &ask{s: w.p.scope, book: w.p.scope.read(), places: make(map[int]int)}
			of[a.s] = a
			asks = append(asks, a)
		}
		a.add(i, w)
		out[i].book, out[i].begun = a.book, w.p.began()
	}
	for _, a := range asks {
		a.send(ctx, pipe, name(a.s))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	for _, a := range asks {
		for j, i := range a.at {
			out[i].value = a.value(j)
			out[i].current = a.isCurrent(fields[i].p, out[i].begun)
		}
	}
	return out, nil
}

// ask is a scope's part of a look-up.
type ask struct {
	s      *scope
	book   book
	at     []int    // places in the look-up
	fields []string // of the hashes
	meta   []string // of the bookkeeping
	places map[int]int

	held, recent, older *goredis.SliceCmd
}

func (a *ask) add(i int, w wanted) {
	a.at, a.fields = append(a.at, i), append(a.fields, w.field)
	if _, ok := a.places[w.p.number]; !ok {
		a.places[w.p.number] = len(a.meta)
		a.meta = append(a.meta, w.p.field)
	}
}

func (a *ask) send(ctx context.Context, pipe goredis.Pipeliner, name string) {
	a.recent = pipe.HMGet(ctx, numbered(name, a.book.generation), a.fields...)
	if a.book.generation > 1 {
		a.older = pipe.HMGet(ctx, numbered(name, a.book.generation-1), a.fields...)
	}
	a.held = pipe.HMGet(ctx, a.s.meta, append(a.meta, "g")...) // last: the places are no older than the fields
}

func (a *ask) value(j int) string {
	if s, ok := a.recent.Val()[j].(string); ok {
		return s
	}
	if a.older != nil {
		s, _ := a.older.Val()[j].(string)
		return s
	}
	return ""
}

// isCurrent reports whether the generation and the epoch that a node remembers are those that Redis has.
func (a *ask) isCurrent(p *partition, begun uint64) bool {
	held := a.held.Val()
	if g, _ := held[len(a.meta)].(string); g != numbered("", a.book.generation) {
		return false
	}
	c, exists, err := parsePlace(held[a.places[p.number]])
	if err != nil || !exists || c.Epoch != begun {
		return false
	}
	p.heardOf(c) // a head may count what the feed has not brought yet
	return true
}

// refresh reads the bookkeeping of a partition anew whose epoch or generation was not the one that this node remembers.
func (l *Log) refresh(ctx context.Context, p *partition) {
	l.repair(p.number)
	if err := l.readBook(ctx, p.scope); err != nil {
		l.stats.lastError(l.Logger, err)
	}
	time.Sleep(5 * time.Millisecond) // whoever noticed the loss is at work
}
