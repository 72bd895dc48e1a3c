package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/ai/openai"
	"github.com/uniqchat/uniqchat/outbound/files"
	"github.com/uniqchat/uniqchat/server/load"
)

// Off is the address of a listener that is not wanted.
const Off = "off"

// Validate returns every mistake at once, each as "key: reason; fix".
func (c *Config) Validate() error {
	v := &mistakes{}
	c.validateListeners(v)
	c.validateStorage(v)
	c.validateUploads(v)
	c.validateAI(v)
	c.validateMail(v)
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "auto", "text", "json")
	v.atLeast("engine.max_connections", float64(c.Engine.MaxConnections), 0)
	v.atLeast("engine.loops", float64(c.Engine.Loops), 0)
	v.atLeast("limits.connections_per_address", float64(c.Limits.ConnectionsPerAddress), 0)
	v.atLeast("limits.accepts_per_address_per_second", float64(c.Limits.AcceptsPerAddressPerSecond), 0)
	v.atLeast("limits.sessions_per_address_per_second", c.Limits.SessionsPerAddressPerSecond, 0)
	for _, r := range []struct {
		name string
		RoleLimit
	}{{"visitor", c.Limits.Visitor}, {"agent", c.Limits.Agent}} {
		if r.SendRate <= 0 {
			v.add("limits.%s.send_rate: %v lets nobody send; use a positive number of messages a second", r.name, r.SendRate)
		}
		v.atLeast("limits."+r.name+".send_burst", float64(r.SendBurst), 1)
		if r.Window < 1 || r.Window > 65535 {
			v.add("limits.%s.window: %d; use 1 to 65535", r.name, r.Window)
		}
		v.requests(r.name, r.RequestRate, r.RequestBurst)
	}
	v.requests("tenant", c.Limits.Tenant.Rate, c.Limits.Tenant.Burst)
	v.requests("address", c.Limits.Address.Rate, c.Limits.Address.Burst)
	for _, b := range []struct {
		name string
		Beat
	}{{"visitor", c.Heartbeat.Visitor}, {"agent", c.Heartbeat.Agent}, {"api", c.Heartbeat.API}} {
		v.between("heartbeat."+b.name+".ping", b.Ping, time.Second, time.Hour)
		v.between("heartbeat."+b.name+".pong", b.Pong, time.Second, time.Hour)
	}
	if e := &c.Encryption; e.KeyFile != "" && e.Key != "" {
		v.add("encryption.key: is set beside encryption.key_file; use one of them")
	} else if e.Enabled && e.KeyFile == "" && e.Key == "" {
		v.add("encryption.enabled: true needs master keys; make one with `uniqchat keys generate`, put it into a file that only the server may read, and name that in encryption.key_file")
	}
	v.between("audit.checkpoint_every", c.Audit.CheckpointEvery, time.Millisecond, time.Hour)
	v.between("flash.leave_out_at", c.Flash.At, 0, time.Minute)
	if _, err := load.ParseLevel(c.Flash.LeaveOut); err != nil {
		v.add("flash.leave_out: %v", err)
	}
	if n := c.Flash.Connects; n != 0 && !(n >= 0.1 && n <= 1e6) {
		v.add("flash.connects_per_second: %v; use 0.1 to 1000000, or 0 for no limit", n)
	}
	v.between("drain.window", c.Drain.Window, 0, time.Hour)
	v.between("webhooks.timeout", c.Webhooks.Timeout, 100*time.Millisecond, time.Minute)
	v.between("webhooks.retention", c.Webhooks.Retention, 25*time.Hour, 365*24*time.Hour) // longer than anything is tried
	for _, read := range []func() ([]netip.Prefix, error){c.AllowedNetworks, c.AINetworks} {
		if _, err := read(); err != nil {
			v.all = append(v.all, err)
		}
	}
	if c.DataDir == "" {
		v.add("data_dir: is empty; name a directory, e.g. ./data")
	}
	return errors.Join(v.all...)
}

func (c *Config) validateListeners(v *mistakes) {
	v.address("http.listen", c.HTTP.Listen, false)
	v.address("ws.listen", c.WS.Listen, false)
	v.address("tcp.listen", c.TCP.Listen, true)
	v.address("admin.listen", c.Admin.Listen, true)
	taken := map[string]string{}
	for _, l := range []struct{ key, addr string }{
		{"http.listen", c.HTTP.Listen}, {"ws.listen", c.WS.Listen}, {"tcp.listen", c.TCP.Listen}, {"admin.listen", c.Admin.Listen},
	} {
		if l.addr == Off || strings.HasSuffix(l.addr, ":0") { // port 0: a free one
			continue
		}
		if other := taken[l.addr]; other != "" {
			v.add("%s: %s is the address of %s too; each listener needs its own port", l.key, l.addr, other)
		}
		taken[l.addr] = l.key
	}
	if c.Admin.Listen != Off && !c.Admin.AllowRemote && !isLoopback(c.Admin.Listen) {
		v.add("admin.listen: %s is not loopback, and metrics and profiles are for nobody else's eyes; "+
			"use 127.0.0.1, or set admin.allow_remote: true if a firewall keeps others away", c.Admin.Listen)
	}
	if c.WS.PublicURL != "" {
		u, err := url.Parse(c.WS.PublicURL)
		if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
			v.add("ws.public_url: %q is not a WebSocket address; write one like wss://chat.example.com/ws", c.WS.PublicURL)
		}
	}
	if _, err := c.TrustedProxies(); err != nil {
		v.all = append(v.all, err)
	}
}

func (c *Config) validateStorage(v *mistakes) {
	if ack := c.Storage.Ack; ack != "fsync" && ack != "redis" && ack != "replica" {
		v.add("storage.ack: %q is none of fsync, redis and replica", ack)
	}
	switch scheme, _, _ := strings.Cut(c.Storage.URL, ":"); scheme {
	case "sqlite":
		if c.Storage.URL == "sqlite:" {
			v.add("storage.url: sqlite: names no file; write sqlite:<path of the file>")
		}
		if c.Redis.URL != "" {
			v.add("redis.url: a log in Redis goes with rows in PostgreSQL; set storage.url to postgres://…, or take redis.url out")
		}
		if c.Storage.Ack != "fsync" {
			v.add("storage.ack: %q; SQLite syncs every commit, so the only level is fsync", c.Storage.Ack)
		}
	case "postgres", "postgresql":
		if c.Redis.URL == "" {
			v.add("redis.url: missing; rows in PostgreSQL go with a log in Redis: set it to redis://host:port")
		} else if !strings.HasPrefix(c.Redis.URL, "redis://") && !strings.HasPrefix(c.Redis.URL, "rediss://") {
			v.add("redis.url: must begin with redis:// (or rediss:// for TLS)")
		}
	default:
		v.add("storage.url: nothing is known of %q; use sqlite:<path of the file>, or postgres://… with redis.url", scheme+":")
	}
}

func (c *Config) validateAI(v *mistakes) {
	v.oneOf("ai.embedder", c.AI.Embedder, EmbedderLocal, EmbedderOpenAI, EmbedderNone)
	if e := c.AI.Server(); c.AI.Embedder == EmbedderOpenAI {
		if err := e.Validate(); err != nil {
			v.add("ai.embedder_%w", err)
		}
	} else if e != (openai.EmbedderConfig{}) {
		v.add("ai.embedder: is %s, but a server's url, model, key or dimensions are set; use openai, or take them out", c.AI.Embedder)
	}
	for name, n := range map[string]int{"ai.max_documents": c.AI.MaxDocuments, "ai.max_document_bytes": c.AI.MaxDocumentBytes, "ai.tenant_bytes": c.AI.TenantBytes} {
		v.atLeast(name, float64(n), 1)
	}
	if most := 1000; c.AI.Workers < 0 || c.AI.Workers > most {
		v.add("ai.workers: %d; use 0 to %d", c.AI.Workers, most)
	}
	if most := 4_000_000; c.AI.MaxDocumentBytes > most {
		v.add("ai.max_document_bytes: %d; use at most %d: a document is read as a whole", c.AI.MaxDocumentBytes, most)
	}
}

// Server is the server that ai.embedder openai asks.
func (c *AI) Server() openai.EmbedderConfig {
	return openai.EmbedderConfig{BaseURL: c.EmbedderURL, Model: c.EmbedderModel, Key: string(c.EmbedderKey), Dims: c.EmbedderDims}
}

func (c *Config) validateUploads(v *mistakes) {
	u := &c.Uploads
	if strings.HasPrefix(u.Store, files.Scheme) {
		if _, err := files.ParseBucket(u.Store); err != nil {
			v.add("uploads.store: %w", err)
		}
	} else if strings.Contains(u.Store, "://") {
		v.add("uploads.store: begins with neither s3:// nor as a directory does; write s3://host/bucket, or a path")
	}
	if u.MaxBytes < 1<<10 || u.MaxBytes > 1<<30 {
		v.add("uploads.max_bytes: %d; use 1024 to %d", u.MaxBytes, 1<<30)
	}
	if u.MaxPixels < 1 || u.MaxPixels > 200_000_000 {
		v.add("uploads.max_pixels: %d; use 1 to 200000000", u.MaxPixels)
	}
	v.atLeast("uploads.tenant_bytes", float64(u.TenantBytes), 0)
	v.between("uploads.unsent_life", u.UnsentLife, time.Minute, 90*24*time.Hour)
	v.between("uploads.link_life", u.LinkLife, time.Second, 24*time.Hour)
}

// RequireLoopback returns an error for every listener that others could reach: a demo has known accounts.
func (c *Config) RequireLoopback() error {
	v := &mistakes{}
	for _, l := range []struct{ key, addr string }{
		{"http.listen", c.HTTP.Listen}, {"ws.listen", c.WS.Listen}, {"tcp.listen", c.TCP.Listen}, {"admin.listen", c.Admin.Listen},
	} {
		if l.addr != Off && !isLoopback(l.addr) {
			v.add("%s: %s is not loopback, and --demo has accounts that everybody knows; use 127.0.0.1, or leave --demo out", l.key, l.addr)
		}
	}
	return errors.Join(v.all...)
}

// TrustedProxies returns proxies.trusted as networks.
func (c *Config) TrustedProxies() ([]netip.Prefix, error) {
	return networks("proxies.trusted", c.Proxies.Trusted)
}

// AINetworks returns ai.allow_networks as networks.
func (c *Config) AINetworks() ([]netip.Prefix, error) {
	return networks("ai.allow_networks", c.AI.AllowNetworks)
}

// AllowedNetworks returns webhooks.allow_networks as networks.
func (c *Config) AllowedNetworks() ([]netip.Prefix, error) {
	return networks("webhooks.allow_networks", c.Webhooks.AllowNetworks)
}

func networks(key, text string) (out []netip.Prefix, err error) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		p, err := netip.ParsePrefix(part)
		if addr, aerr := netip.ParseAddr(part); aerr == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %q is neither an address nor a network; write e.g. 10.0.0.0/8", key, part)
		}
		out = append(out, p)
	}
	return out, nil
}

// isLoopback reports whether only this machine can reach an address.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type mistakes struct{ all []error }

func (v *mistakes) add(format string, args ...any) {
	v.all = append(v.all, fmt.Errorf(format, args...))
}

func (v *mistakes) address(key, addr string, mayBeOff bool) {
	if mayBeOff && addr == Off {
		return
	}
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		v.add("%s: %q is not an address; write host:port, e.g. 127.0.0.1:8080", key, addr)
	}
}

func (v *mistakes) oneOf(key, got string, want ...string) {
	for _, w := range want {
		if got == w {
			return
		}
	}
	v.add("%s: %q; use one of %s", key, got, strings.Join(want, ", "))
}

func (v *mistakes) atLeast(key string, got, least float64) {
	if got < least {
		v.add("%s: %v; use %v or more", key, got, least)
	}
}

func (v *mistakes) requests(whose string, rate float64, burst int) {
	if math.IsNaN(rate) || rate < 0 || rate > 1e6 {
		v.add("limits.%s.request_rate: %v; use 0 to 1000000", whose, rate)
	}
	if burst < 1 || burst > 1e9 {
		v.add("limits.%s.request_burst: %d; use 1 to 1000000000", whose, burst)
	}
}

func (v *mistakes) between(key string, got Duration, least, most time.Duration) {
	if d := time.Duration(got); d < least || d > most {
		v.add("%s: %v; use %v to %v", key, got, least, most)
	}
}
