package live

import (
	"maps"
	"slices"
	"sync"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/engine"
)

// Every topic is of one tenant and one purpose: conversation ids are chosen by clients, so an id alone never names one.
const (
	purposeUser  = iota // everything for one visitor or agent
	purposeConv         // a conversation, for the agents who JOINed it
	purposeStaff        // all agents of a tenant
	purposes
)

// spaces gives tenants small numbers for topics. Safe for concurrent use.
type spaces struct {
	mu sync.RWMutex
	m  map[chat.TenantID]uint32
}

func (s *spaces) of(t chat.TenantID) uint32 {
	s.mu.RLock()
	n, ok := s.m[t]
	s.mu.RUnlock()
	if ok {
		return n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok = s.m[t]; ok {
		return n
	}
	if s.m == nil {
		s.m = make(map[chat.TenantID]uint32)
	}
	n = uint32(len(s.m)) * purposes
	s.m[t] = n
	return n
}

// all returns the numbers of all tenants that were asked for.
func (s *spaces) all() []uint32 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Values(s.m))
}

func userTopic(space uint32, u chat.UserID) engine.Topic {
	return engine.Topic{ID: u, Space: space + purposeUser}
}

func convTopic(space uint32, c chat.ConversationID) engine.Topic {
	return engine.Topic{ID: c, Space: space + purposeConv}
}

func staffTopic(space uint32) engine.Topic { return engine.Topic{Space: space + purposeStaff} }
