package postgres

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uniqchat/uniqchat/chat"
)

// breaker keeps callers from waiting in line for a database that is away: once that is known they are refused at once, but for one
// at a time who tries. Safe for concurrent use. The zero breaker lets through.
type breaker struct {
	now   func() time.Time // time.Now if nil
	shut  atomic.Int64     // until when nobody tries, in ns since 1970; 0: open
	slow  atomic.Int32     // calls in a row that ran out of time
	shuts atomic.Int64     // how often it was shut
}

const (
	shutFor  = 500 * time.Millisecond // until the next one tries
	tryFor   = 4 * time.Second        // that one may take so long
	slowMost = 3                      // calls in a row without an answer that count as away: one alone may just be a slow query
)

var errAway = errors.New("the database did not answer a moment ago")

func (g *breaker) time() time.Time {
	if g.now != nil {
		return g.now()
	}
	return time.Now()
}

// enter returns an error if there is no point in asking.
func (g *breaker) enter() error {
	until := g.shut.Load()
	if until == 0 {
		return nil
	}
	now := g.time()
	if now.UnixNano() < until || !g.shut.CompareAndSwap(until, now.Add(tryFor).UnixNano()) {
		return &away{chat.Error{Code: chat.Busy, Message: "the database can't be reached; try again"}, errAway}
	}
	return nil
}

// leave says how it went.
func (g *breaker) leave(err error) {
	switch {
	case errors.Is(err, context.Canceled): // the caller went, in whatever state: that says nothing of the database
		if until := g.shut.Load(); until != 0 {
			g.shut.CompareAndSwap(until, g.time().Add(shutFor).UnixNano()) // if it was the one who tries, the next need not wait for him
		}
	case err == nil || !isDown(err):
		if g.slow.Load() != 0 {
			g.slow.Store(0)
		}
		if g.shut.Load() != 0 {
			g.shut.Store(0)
		}
	case isTimeout(err) && g.shut.Load() == 0 && g.slow.Add(1) < slowMost:
	default:
		g.shut.Store(g.time().Add(shutFor).UnixNano())
		g.shuts.Add(1)
	}
}

func isTimeout(err error) bool {
	var refused *pgconn.ConnectError
	var network net.Error
	return !errors.As(err, &refused) && (pgconn.Timeout(err) || errors.As(err, &network) && network.Timeout())
}
