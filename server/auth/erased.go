package auth

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// erased remembers visitors who were erased, for as long as a token of theirs may live: those made before have ended. Safe for
// concurrent use.
type erased struct {
	mu  sync.Mutex
	all map[chat.VisitorKey]int64 // when, in ms since 1970
}

// end notes an erasure, and reports whether it is news.
func (e *erased) end(k chat.VisitorKey, at time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = make(map[chat.VisitorKey]int64)
	}
	if old, ok := e.all[k]; ok && old >= at.UnixMilli() {
		return false
	}
	e.all[k] = at.UnixMilli()
	return true
}

// at is when a visitor was erased; zero if it was not.
func (e *erased) at(k chat.VisitorKey) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[k]
}

func (e *erased) sweep(before time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, at := range e.all {
		if at < before.UnixMilli() {
			delete(e.all, k)
		}
	}
}

// loadErased takes in the erasures since a time, and tells every node of those that are news, unless none of them can be.
func (s *Service) loadErased(ctx context.Context, since time.Time, tell bool) error {
	list, err := s.cfg.Store.Erasing(ctx, since)
	if err != nil {
		return err
	}
	for i := range list {
		e := &list[i]
		fresh := s.erased.end(chat.VisitorKey{Tenant: e.Tenant, Visitor: e.Visitor}, e.At)
		if fresh {
			s.changes.Add(1)
		}
		if !fresh || !tell {
			continue
		}
		err := s.cfg.Broker.Publish(ctx, chat.Signal{
			Kind: chat.SignalErased, Tenant: e.Tenant, User: chat.UserID(e.Visitor), Role: chat.RoleVisitor,
			Data: binary.BigEndian.AppendUint64(nil, uint64(e.At.UnixMilli())),
		})
		if err != nil {
			return err
		}
	}
	s.erased.sweep(s.cfg.Now().Add(-s.cfg.VisitorLife - time.Hour))
	return nil
}

// wasErased reports whether a visitor's token has ended because the visitor was erased.
func (s *Service) wasErased(c *claims) bool {
	return c.IssuedMs <= s.erased.at(chat.VisitorKey{Tenant: c.Tenant, Visitor: chat.VisitorID(c.Subject)})
}

// mayReturn refuses a token of a visitor who is being erased: what the old ones do is still to be erased, too.
func (s *Service) mayReturn(v *chat.Visitor) error {
	at := s.erased.at(chat.VisitorKey{Tenant: v.Tenant, Visitor: v.ID})
	if at == 0 {
		return nil
	}
	if wait := time.UnixMilli(at).Add(chat.EraseGuard).Sub(s.cfg.Now()); wait > 0 {
		return &chat.Error{Code: chat.Busy, Name: "being_erased", Message: "this person is being erased; come back in a moment", RetryAfter: wait}
	}
	return nil
}
