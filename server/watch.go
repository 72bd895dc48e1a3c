package server

import (
	"context"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// A node whose storage does not answer is not ready after 5 s, which is the storage's own count (Deps.Health), and has its
// clients moved Config.MoveAfter later: 15 s after the storage was heard last. Clients of a node that knows of no other stay: they
// would only come back here, and what they send is answered with ERROR 503 until the storage is back.
const watchEvery = time.Second

// isHealthy reports whether everything that chat needs is there.
func isHealthy(checks map[string]string) bool {
	for _, v := range checks {
		if v != "ok" && !strings.HasPrefix(v, "degraded") {
			return false
		}
	}
	return true
}

func (s *Server) healthy(ctx context.Context) bool {
	call, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return isHealthy(s.deps.Health(call))
}

// watch looks at the storage until ctx ends, and moves clients away when it is gone for long.
func (s *Server) watch(ctx context.Context) error {
	if s.deps.Health == nil || s.engine == nil {
		return nil
	}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var since time.Time
	var alone, acted bool
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		switch healthy := s.healthy(ctx); {
		case healthy && acted:
			s.cfg.Logger.Info("storage answers again")
			fallthrough
		case healthy:
			since, acted = time.Time{}, false
		case since.IsZero():
			// Now: the others, of whom nothing is heard either, will soon count as dead.
			since, alone = time.Now(), s.desk.Presence.Peers() == 0
		case acted || s.draining.Load() || time.Since(since) < s.cfg.MoveAfter:
		case alone:
			acted = true
			s.cfg.Logger.Error("storage does not answer; there is no other node for the clients, so they stay")
		default:
			acted = true
			s.cfg.Logger.Error("storage does not answer; clients are moved to other nodes", "window", s.cfg.DrainWindow)
			s.engine.Move(ctx, s.cfg.DrainWindow, codec.CloseStorage, "storage is not available here",
				func() bool { return s.draining.Load() || s.healthy(ctx) })
		}
	}
}
