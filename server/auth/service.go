package auth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/uniqchat/uniqchat/chat"
)

// Credential is what a token proved.
type Credential struct {
	// Actor is the caller's own: nobody else holds it.
	Actor *chat.Actor
	// Family is the log-in that an agent's token belongs to, or an API token's id; zero for visitors and minted tokens.
	Family [16]byte
	// SiteKey is where a visitor's token comes from; empty for agents.
	SiteKey string
	// Platform is true for an API token of the platform: it may manage tenants, and reaches nothing inside of one.
	Platform bool
	Expires  time.Time // zero: never
	// Print is the fingerprint that a visitor's page had when the token was made; 0 if none.
	Print chat.Print

	proof string // of a verified visitor's token
}

// Service issues and verifies credentials. Its Run must be running for revocations of other nodes to be heard.
// Safe for concurrent use.
type Service struct {
	cfg    Config
	keys   *keyring
	parser *jwt.Parser // of tokens that were issued here
	shops  *jwt.Parser // of identities that shops sign
	hasher *hasher
	ended  *families
	erased erased

	mu     sync.Mutex
	agents map[agentKey]entry[chat.Agent]
	sites  map[string]entry[chat.SiteKey]
	tokens map[[32]byte]entry[chat.APIToken]
	used   map[[32]byte]struct{} // API tokens whose use was not written yet
	age    uint64                // how often something was forgotten

	changes atomic.Uint64 // how often something was forgotten, or somebody's credentials ended
}

type agentKey struct {
	tenant chat.TenantID
	agent  chat.AgentID
}

// entry is something that was looked up.
type entry[V any] struct {
	v     V
	until time.Time // when it is looked up again
	stale time.Time // until when it counts if that fails
}

// cacheMost bounds each cache; a full one is emptied, which costs some look-ups and nothing else.
const cacheMost = 50_000

// New returns a Service. At the first start of a deployment it makes the signing key.
func New(ctx context.Context, cfg Config) (*Service, error) {
	cfg = cfg.withDefaults()
	keys, err := openKeyring(ctx, cfg.Store, cfg.Now)
	if err != nil {
		return nil, err
	}
	hasher, err := newHasher(cfg.Hash, cfg.HashesAtOnce)
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, keys: keys, hasher: hasher, ended: newFamilies(),
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(cfg.Now), jwt.WithExpirationRequired()),
		shops:  jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(cfg.Now)), // RFC 7519, 4.1.4: exp is optional
		agents: make(map[agentKey]entry[chat.Agent]), sites: make(map[string]entry[chat.SiteKey]),
		tokens: make(map[[32]byte]entry[chat.APIToken]), used: make(map[[32]byte]struct{}),
	}
	if err := s.loadErased(ctx, cfg.Now().Add(-cfg.VisitorLife-time.Hour), false); err != nil {
		return nil, err
	}
	return s, nil
}

// Verify proves a token: signature, times, and that neither the log-in nor the account has ended. It returns
// Unauthenticated for anything that proves nothing. A token costs one look-up in CacheLife: of its account, or of a visitor's site key.
func (s *Service) Verify(ctx context.Context, token string) (Credential, error) {
	if isAPIToken(token) {
		return s.verifyAPIToken(ctx, token)
	}
	c, err := s.parse(ctx, token)
	if err != nil {
		return Credential{}, err
	}
	cred := Credential{Family: c.family(), SiteKey: c.SiteKey, Print: c.Print, Expires: time.Unix(c.Expires, 0).UTC()}
	switch c.Role {
	case "visitor":
		if s.wasErased(c) {
			return Credential{}, errRevoked
		}
		if err := s.standsOn(ctx, c); err != nil {
			return Credential{}, err
		}
		cred.proof = c.Proof
		cred.Actor = &chat.Actor{Tenant: c.Tenant, User: c.Subject, Role: chat.RoleVisitor, Name: c.Name, Profile: c.profile()}
		return cred, nil
	case "agent":
		agent, err := s.agent(ctx, c.Tenant, chat.AgentID(c.Subject))
		if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
			return Credential{}, errRevoked
		}
		if err != nil {
			return Credential{}, err
		}
		if agent.Disabled || s.endedBefore(&agent, c.IssuedMs) || s.ended.has(cred.Family) {
			return Credential{}, errRevoked
		}
		cred.Actor = actorOf(&agent)
		s.ended.remember(cred.Family, member{tenant: c.Tenant, user: c.Subject, role: chat.RoleAgent, issuedMs: c.IssuedMs})
		return cred, nil
	default:
		return Credential{}, errBadToken
	}
}

func actorOf(a *chat.Agent) *chat.Actor {
	return &chat.Actor{
		Tenant: a.Tenant, User: chat.UserID(a.ID), Role: chat.RoleAgent, Name: a.Name,
		AgentRole: a.Role, Teams: slices.Clone(a.Teams),
	}
}

// endedBefore reports whether everything issued to the agent at that time has ended since.
func (s *Service) endedBefore(a *chat.Agent, issuedMs int64) bool {
	return !a.TokensAfter.IsZero() && issuedMs < a.TokensAfter.UnixMilli()
}

// Authenticate is Verify for a live connection whose browser named origin ("" if none was): a visitor's token counts only
// on pages that its site key allows. A foreign page gets Forbidden.
func (s *Service) Authenticate(ctx context.Context, token, origin string) (Credential, error) {
	cred, err := s.Verify(ctx, token)
	if err != nil || origin == "" || cred.SiteKey == "" {
		return cred, err
	}
	err = s.CheckOrigin(ctx, cred.SiteKey, origin)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		err = errRevoked // its site key is gone
	}
	if err != nil {
		return Credential{}, err
	}
	return cred, nil
}

// CheckOrigin returns Forbidden unless the site key allows the origin. No origin at all is allowed: only browsers name one.
func (s *Service) CheckOrigin(ctx context.Context, siteKey, origin string) error {
	if origin == "" {
		return nil
	}
	k, err := s.site(ctx, siteKey)
	if err != nil {
		return err
	}
	return allowsOrigin(&k, origin)
}

// Site returns a site key as a page of the origin may use it. NotFound, or Forbidden as CheckOrigin.
func (s *Service) Site(ctx context.Context, key, origin string) (chat.SiteKey, error) {
	k, err := s.site(ctx, key)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		err = errNoSite
	}
	if err != nil {
		return k, err
	}
	return k, allowsOrigin(&k, origin)
}

func allowsOrigin(k *chat.SiteKey, origin string) error {
	if origin == "" || len(k.Origins) == 0 || slices.Contains(k.Origins, origin) {
		return nil
	}
	return &chat.Error{Code: chat.Forbidden, Name: "origin_not_allowed", Message: "this site key may not be used on " + shorten(origin, 200)}
}

// agent returns an agent as it was at most CacheLife ago.
func (s *Service) agent(ctx context.Context, t chat.TenantID, id chat.AgentID) (chat.Agent, error) {
	return cached(ctx, s, s.agents, agentKey{t, id}, func(ctx context.Context) (chat.Agent, error) { return s.cfg.Store.Agent(ctx, t, id) })
}

// site returns a site key as it was at most CacheLife ago.
func (s *Service) site(ctx context.Context, key string) (chat.SiteKey, error) {
	return cached(ctx, s, s.sites, key, func(ctx context.Context) (chat.SiteKey, error) { return s.cfg.Store.SiteKey(ctx, key) })
}

// cacheCall bounds a look-up for which there is something older to go on with.
const cacheCall = time.Second

// cached returns what is known under a key, or looks it up. While the database can't be asked, what was known counts on for
// StaleLife, and is looked up no more often than before.
func cached[K comparable, V any](ctx context.Context, s *Service, m map[K]entry[V], k K, look func(context.Context) (V, error)) (V, error) {
	now := s.cfg.Now()
	s.mu.Lock()
	e, ok := m[k]
	age := s.age
	s.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.v, nil
	}
	usable := ok && now.Before(e.stale)
	call, cancel := ctx, func() {}
	if usable {
		call, cancel = context.WithTimeout(ctx, cacheCall)
	}
	v, err := look(call)
	cancel()
	switch {
	case err == nil:
		e = entry[V]{v: v, until: now.Add(s.cfg.CacheLife), stale: now.Add(s.cfg.CacheLife + s.cfg.StaleLife)}
	case usable && !errors.Is(err, &chat.Error{Code: chat.NotFound}):
		e.until = now.Add(s.cfg.CacheLife)
	default:
		return v, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.age != age {
		return e.v, nil // something was forgotten meanwhile, maybe this: from the next time on it is looked up anew
	}
	if len(m) >= cacheMost {
		clear(m)
	}
	m[k] = e
	return e.v, nil
}

// forget drops what is cached of a tenant: of one agent if user names one, otherwise everything.
func (s *Service) forget(t chat.TenantID, user chat.UserID) {
	defer s.changes.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.age++
	if !user.IsZero() {
		delete(s.agents, agentKey{t, chat.AgentID(user)})
		for k, e := range s.tokens {
			if chat.UserID(e.v.ID) == user {
				delete(s.tokens, k)
			}
		}
		return
	}
	for k, e := range s.tokens {
		if e.v.Tenant == t {
			delete(s.tokens, k)
		}
	}
	for k := range s.agents {
		if k.tenant == t {
			delete(s.agents, k)
		}
	}
	for k, e := range s.sites {
		if e.v.Tenant == t {
			delete(s.sites, k)
		}
	}
}

// shorten cuts s to at most n bytes, at a rune.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
