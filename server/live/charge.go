package live

import (
	"sync"

	"github.com/uniqchat/uniqchat/chat"
)

// SetTenantBucket says what SENDs of API tokens are counted by: the bucket that a tenant's requests over HTTP are taken from, too.
// A rate of 0: they are not counted. Safe for concurrent use.
func (h *Handler) SetTenantBucket(b chat.Bucket) { h.tenants.Store(&b) }

// charge takes a token of the tenant's bucket for each SEND of an API token that has queued up, and refuses those for which there
// is none. They ask together: a Limiter that has to ask elsewhere does so once.
func (sh *shard) charge() {
	bucket := sh.h.tenants.Load()
	if bucket == nil || bucket.Rate <= 0 || sh.h.cfg.Limiter == nil {
		return
	}
	var levels map[int]*chat.Level
	for i := range sh.sends {
		if sh.sends[i].Actor.Role == chat.RoleAPI {
			if levels == nil {
				levels = make(map[int]*chat.Level)
			}
			levels[i] = new(chat.Level)
		}
	}
	if levels == nil {
		return
	}
	var asking sync.WaitGroup
	for i, level := range levels {
		tenant := sh.sends[i].Actor.Tenant
		asking.Go(func() { *level = sh.h.cfg.Limiter.Take(sh.ctx, tenant, *bucket) })
	}
	asking.Wait()
	kept := 0
	for i := range sh.sends {
		if level := levels[i]; level != nil && !level.OK {
			s := sh.askers[i].s
			s.inflight--
			sh.h.sendError(s, sh.askers[i].rid, &chat.Error{
				Code: chat.TooMany, Name: "too_many_requests", Message: "too many requests of this tenant; slow down", RetryAfter: level.Wait, Limit: level.Burst,
			})
			continue
		}
		sh.sends[kept], sh.askers[kept] = sh.sends[i], sh.askers[i]
		kept++
	}
	clear(sh.sends[kept:])
	clear(sh.askers[kept:])
	sh.sends, sh.askers = sh.sends[:kept], sh.askers[:kept]
}
