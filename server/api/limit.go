package api

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/cloudwego/hertz/pkg/app"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// RequestLimit is how many requests somebody may make: a second, and at once. 0 a second: no limit.
type RequestLimit struct {
	PerSecond float64
	Burst     int
}

// RequestLimits bound how often the API may be called. A visitor is known by its signed token, wherever it is, and so is an
// agent; both and the tenant's API tokens share the tenant's bucket; only who proves nothing is counted by address. Buckets of
// visitors, agents and tenants are those of all nodes. Those of addresses are in each node's memory: anybody can have very many
// addresses, and they must not fill what nodes share.
type RequestLimits struct {
	Tenant, Visitor, Agent, Address RequestLimit
}

// DefaultRequestLimits are those of the configuration page.
func DefaultRequestLimits() RequestLimits {
	return RequestLimits{Tenant: RequestLimit{1000, 2000}, Visitor: RequestLimit{20, 100}, Address: RequestLimit{100, 1000}}
}

// TenantBucket is the bucket of a tenant's requests: what API tokens send over connections is taken from it, too. Without a limit
// its rate is 0.
func (l *RequestLimits) TenantBucket() chat.Bucket {
	return l.Tenant.bucket(limitTenant)
}

func (l RequestLimit) bucket(key string) chat.Bucket {
	return chat.Bucket{Key: key, Rate: l.PerSecond, Burst: max(l.Burst, 1)}
}

// Whose bucket it was that was empty.
const (
	limitVisitor = "visitor"
	limitAgent   = "agent"
	limitTenant  = "tenant"
	limitAddress = "address"
)

// SetRequestLimits changes the limits while serving.
func (a *API) SetRequestLimits(l RequestLimits) {
	if a.requests.Swap(&l).Address != l.Address {
		a.addresses.Set(l.Address.PerSecond, l.Address.Burst)
	}
}

// count takes a request of its caller's bucket and of the tenant's, and tells the caller how they stand. TooMany if one is empty:
// then nothing is taken.
func (a *API) count(ctx context.Context, h *app.RequestContext, cred *auth.Credential) error {
	limits := a.requests.Load()
	buckets := make([]chat.Bucket, 0, 2)
	add := func(l RequestLimit, key string) {
		if l.PerSecond > 0 {
			buckets = append(buckets, l.bucket(key))
		}
	}
	own := limitTenant // API tokens have the tenant's only
	switch cred.Actor.Role {
	case chat.RoleVisitor:
		own = limitVisitor
		add(limits.Visitor, limitVisitor+":"+cred.Actor.User.String())
	case chat.RoleAgent:
		own = limitAgent
		add(limits.Agent, limitAgent+":"+cred.Actor.User.String())
	}
	add(limits.Tenant, limitTenant)
	if len(buckets) == 0 {
		return nil
	}
	level := a.cfg.Limiter.Take(ctx, cred.Actor.Tenant, buckets...)
	if level.Key == limitTenant {
		own = limitTenant
	}
	return a.counted(h, own, &level)
}

// countAnonymous counts a request to a route that needs no credential by its address. A session that is renewed is counted by
// its token, later.
func (a *API) countAnonymous(h *app.RequestContext, c *call, path string) error {
	if path == sessionPath && c.bearer != "" {
		return nil
	}
	level := a.addresses.Take(addressKey(c.addr))
	return a.counted(h, limitAddress, &level)
}

// unproven counts a request whose credential was refused by its address, and returns what it is answered.
func (a *API) unproven(h *app.RequestContext, c *call, err error) error {
	if chat.CodeOf(err) != chat.Unauthenticated {
		return err
	}
	level := a.addresses.Take(addressKey(c.addr))
	if slow := a.counted(h, limitAddress, &level); slow != nil {
		return slow
	}
	return err
}

// counted puts a level into the answer's head, and makes it an error if nothing was left. Whose bucket it was, by says.
func (a *API) counted(h *app.RequestContext, by string, level *chat.Level) error {
	if level.Burst == 0 {
		return nil
	}
	head := &h.Response.Header
	head.Set("RateLimit-Limit", strconv.Itoa(level.Burst))
	head.Set("RateLimit-Remaining", strconv.Itoa(level.Left))
	head.Set("RateLimit-Reset", strconv.Itoa(seconds(level.Full)))
	if level.OK {
		return nil
	}
	a.stats.limited[by].Inc()
	return auth.TooMany(*level)
}

// seconds rounds up.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
