package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// pollEvery is how often log-ins that ended elsewhere (another node, another process, a stolen refresh token) are looked for.
const pollEvery = 2 * time.Second

// pollOverlap is how far back each look reaches beyond the last one, for clocks that disagree.
const pollOverlap = 10 * time.Second

// recheckMost is how many logged-in agents each poll looks at again: an account that was changed by another process (the
// command line beside a server) loses its live connections within pollEvery while no more than that are logged in.
const recheckMost = 200

// Run hears of revocations and changed settings until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.cfg.Broker.Subscribe(ctx, s.Heard) }()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	since, failing := s.cfg.Now().Add(-s.cfg.AccessLife), false
	for {
		started := s.cfg.Now()
		if err := s.poll(ctx, since); err != nil {
			if ctx.Err() == nil && !failing { // once, however long the database is away
				s.cfg.Logger.Warn("ended log-ins can't be read", "err", err)
			}
			failing = true
		} else {
			failing = false
			since = started.Add(-pollOverlap)
		}
		select {
		case <-ctx.Done():
			<-done //nolint:errcheck // it ends because ctx did
			return nil
		case err := <-done:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-tick.C:
		}
	}
}

// poll takes in the log-ins that ended since then, and tells every node to close their connections.
func (s *Service) poll(ctx context.Context, since time.Time) error {
	list, err := s.cfg.Store.EndedFamilies(ctx, since)
	if err != nil {
		return err
	}
	until := s.cfg.Now().Add(s.memory())
	for _, f := range list {
		who, fresh := s.endFamily(f, until)
		if !fresh || who.user.IsZero() {
			continue
		}
		if err := s.tellRevoked(ctx, who, f[:]); err != nil {
			return err
		}
	}
	s.ended.sweep(s.cfg.Now())
	return errors.Join(s.loadErased(ctx, since, true), s.writeUses(ctx), s.recheck(ctx))
}

// recheck finds agents whose log-ins have ended because their account changed, and API tokens that have expired, and tells
// every node.
func (s *Service) recheck(ctx context.Context) error {
	for family, m := range s.ended.sample(recheckMost) {
		over, err := s.isOver(ctx, m)
		if err != nil {
			return err
		}
		if !over {
			continue
		}
		s.endFamily(family, s.cfg.Now().Add(s.memory()))
		s.forget(m.tenant, m.user)
		if err := s.tellRevoked(ctx, m, family[:]); err != nil {
			return err
		}
	}
	return nil
}

// isOver asks the Store whether what a member was let in with has ended.
func (s *Service) isOver(ctx context.Context, m member) (bool, error) {
	if m.role == chat.RoleAPI {
		return s.tokenEnded(ctx, m.hash)
	}
	a, err := s.cfg.Store.Agent(ctx, m.tenant, chat.AgentID(m.user))
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return true, nil
	}
	return err == nil && (a.Disabled || s.endedBefore(&a, m.issuedMs)), err
}

// memory is how long an ended log-in is remembered: as long as an access token of it may live, and the polls overlap.
func (s *Service) memory() time.Duration { return s.cfg.AccessLife + pollOverlap + time.Minute }

func (s *Service) tellRevoked(ctx context.Context, m member, family []byte) error {
	return s.cfg.Broker.Publish(ctx, chat.Signal{Kind: chat.SignalRevoked, Tenant: m.tenant, User: m.user, Role: m.role, Data: family})
}

// Heard takes in a signal from the Broker.
func (s *Service) Heard(sig chat.Signal) {
	switch sig.Kind {
	case chat.SignalRevoked:
		s.forget(sig.Tenant, sig.User)
		if len(sig.Data) == 16 {
			s.endFamily([16]byte(sig.Data), s.cfg.Now().Add(s.memory()))
		}
	case chat.SignalSettings:
		s.forget(sig.Tenant, chat.UserID{})
	case chat.SignalErased:
		s.erased.end(chat.VisitorKey{Tenant: sig.Tenant, Visitor: chat.VisitorID(sig.User)}, chat.ErasedAt(&sig))
		s.changes.Add(1)
	}
}

// endFamily is families.end, and counts as a change.
func (s *Service) endFamily(id [16]byte, until time.Time) (who member, fresh bool) {
	defer s.changes.Add(1)
	return s.ended.end(id, until)
}

// Admit is Authenticate for what lasts. still says, later, whether the token still counts: what ended it meanwhile may have looked for
// whoever had come in by it before this one had. It costs next to nothing while nobody's credentials end.
func (s *Service) Admit(ctx context.Context, token, origin string) (cred Credential, still func(context.Context) error, err error) {
	seen := s.changes.Load()
	if cred, err = s.Authenticate(ctx, token, origin); err != nil {
		return cred, nil, err
	}
	token = strings.Clone(token)
	return cred, func(ctx context.Context) error {
		if s.changes.Load() == seen {
			return nil
		}
		_, err := s.Authenticate(ctx, token, origin)
		return err
	}, nil
}

// Revoked tells every node that all credentials of an agent have ended (the Store has it already).
func (s *Service) Revoked(ctx context.Context, t chat.TenantID, agent chat.AgentID) error {
	s.forget(t, chat.UserID(agent))
	return s.tellRevoked(ctx, member{tenant: t, user: chat.UserID(agent), role: chat.RoleAgent}, nil)
}

// families remembers which log-ins have ended, and whose the others are. Safe for concurrent use.
type families struct {
	mu    sync.Mutex
	ended map[[16]byte]time.Time // until when it is worth remembering
	known map[[16]byte]member
}

type member struct {
	tenant   chat.TenantID
	user     chat.UserID
	role     chat.Role
	hash     [32]byte // of an API token
	issuedMs int64    // the newest token seen of it
}

func newFamilies() *families {
	return &families{ended: make(map[[16]byte]time.Time), known: make(map[[16]byte]member)}
}

func (f *families) has(id [16]byte) bool {
	if id == ([16]byte{}) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.ended[id]
	return ok
}

// remember notes whose log-in it is, so that its connections can be closed when it ends.
func (f *families) remember(id [16]byte, m member) {
	if id == ([16]byte{}) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.known[id]; !ok && len(f.known) >= cacheMost {
		for other := range f.known {
			delete(f.known, other)
			break
		}
	}
	m.issuedMs = max(m.issuedMs, f.known[id].issuedMs)
	f.known[id] = m
}

// sample returns up to n log-ins that are known to go on, others each time if there are more.
func (f *families) sample(n int) map[[16]byte]member {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[[16]byte]member, min(n, len(f.known)))
	for id, m := range f.known {
		if len(out) == n {
			break
		}
		out[id] = m
	}
	return out
}

// end notes that a log-in has ended. It returns whose it was, if known, and whether this is news.
func (f *families) end(id [16]byte, until time.Time) (who member, fresh bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, old := f.ended[id]
	f.ended[id] = until
	who = f.known[id]
	delete(f.known, id)
	return who, !old
}

func (f *families) sweep(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, until := range f.ended {
		if now.After(until) {
			delete(f.ended, id)
		}
	}
}
