package auth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/uniqchat/uniqchat/chat"
)

// Credential is what a token proved.
type Credential struct {
	// Actor is the caller's own: nobody else holds it.
	Actor *chat.Actor
	// Family is the log-in that an agent's token belongs to; zero for visitors and minted tokens.
	Family [16]byte
	// SiteKey is where a visitor's token comes from; empty for agents.
	SiteKey string
	Expires time.Time
}

// Service issues and verifies credentials. Its Run must be running for revocations of other nodes to be heard.
// Safe for concurrent use.
type Service struct {
	cfg    Config
	keys   *keyring
	parser *jwt.Parser
	hasher *hasher
	ended  *families

	mu     sync.Mutex
	agents map[agentKey]agentEntry
	sites  map[string]siteEntry
}

type agentKey struct {
	tenant chat.TenantID
	agent  chat.AgentID
}

type agentEntry struct {
	chat.Agent
	until time.Time
}

type siteEntry struct {
	chat.SiteKey
	until time.Time
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
	return &Service{
		cfg: cfg, keys: keys, hasher: hasher, ended: newFamilies(),
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(cfg.Now), jwt.WithExpirationRequired()),
		agents: make(map[agentKey]agentEntry), sites: make(map[string]siteEntry),
	}, nil
}

// Verify proves a token: signature, times, and that neither the log-in nor the account has ended. It returns
// Unauthenticated for anything that proves nothing; a visitor's token costs no look-up, an agent's one in CacheLife.
func (s *Service) Verify(ctx context.Context, token string) (Credential, error) {
	c, err := s.parse(ctx, token)
	if err != nil {
		return Credential{}, err
	}
	cred := Credential{Family: c.family(), SiteKey: c.SiteKey, Expires: time.Unix(c.Expires, 0).UTC()}
	switch c.Role {
	case "visitor":
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
		s.ended.remember(cred.Family, member{c.Tenant, c.Subject, c.IssuedMs})
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
	if err := s.CheckOrigin(ctx, cred.SiteKey, origin); err != nil {
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

func allowsOrigin(k *chat.SiteKey, origin string) error {
	if origin == "" || len(k.Origins) == 0 || slices.Contains(k.Origins, origin) {
		return nil
	}
	return &chat.Error{Code: chat.Forbidden, Name: "origin_not_allowed", Message: "this site key may not be used on " + shorten(origin, 200)}
}

// agent returns an agent as it was at most CacheLife ago.
func (s *Service) agent(ctx context.Context, t chat.TenantID, id chat.AgentID) (chat.Agent, error) {
	k, now := agentKey{t, id}, s.cfg.Now()
	s.mu.Lock()
	e, ok := s.agents[k]
	s.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.Agent, nil
	}
	a, err := s.cfg.Store.Agent(ctx, t, id)
	if err != nil {
		return chat.Agent{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.agents) >= cacheMost {
		clear(s.agents)
	}
	s.agents[k] = agentEntry{a, now.Add(s.cfg.CacheLife)}
	return a, nil
}

// site returns a site key as it was at most CacheLife ago.
func (s *Service) site(ctx context.Context, key string) (chat.SiteKey, error) {
	now := s.cfg.Now()
	s.mu.Lock()
	e, ok := s.sites[key]
	s.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.SiteKey, nil
	}
	k, err := s.cfg.Store.SiteKey(ctx, key)
	if err != nil {
		return chat.SiteKey{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sites) >= cacheMost {
		clear(s.sites)
	}
	s.sites[key] = siteEntry{k, now.Add(s.cfg.CacheLife)}
	return k, nil
}

// forget drops what is cached of a tenant: of one agent if user names one, otherwise everything.
func (s *Service) forget(t chat.TenantID, user chat.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !user.IsZero() {
		delete(s.agents, agentKey{t, chat.AgentID(user)})
		return
	}
	for k := range s.agents {
		if k.tenant == t {
			delete(s.agents, k)
		}
	}
	for k, e := range s.sites {
		if e.Tenant == t {
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
