package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// demoAgents are the accounts of a demo.
var demoAgents = []chat.Agent{
	{Email: "alice@demo.test", Name: "Alice", Role: chat.Member},
	{Email: "bob@demo.test", Name: "Bob", Role: chat.Member},
	{Email: "admin@demo.test", Name: "Admin", Role: chat.Admin},
}

// seedDemo makes the demo's tenant, site key and accounts, as far as they are missing, and returns their password.
func seedDemo(ctx context.Context, store chat.Store, dataDir string) (string, error) {
	password, err := demoPassword(dataDir)
	if err != nil {
		return "", err
	}
	tenant, err := ensureTenant(ctx, store, "demo", "Demo")
	if err != nil {
		return "", err
	}
	if _, err := ensureSiteKey(ctx, store, tenant.ID, "demo", nil); err != nil {
		return "", err
	}
	var hash string
	var changed []chat.Agent
	for _, want := range demoAgents {
		have, err := agentOf(ctx, store, tenant.ID, want.Email)
		switch {
		case err == nil:
			same, err := argon2id.ComparePasswordAndHash(password, have.PasswordHash)
			if err == nil && same && !have.Disabled {
				continue
			}
			have.Disabled = false
			have.EndTokens(time.Now())
		case errors.Is(err, &chat.Error{Code: chat.NotFound}):
			have = want
			have.ID, have.Tenant, have.Capacity, have.CreatedAt = chat.NewID[chat.Agent](), tenant.ID, 20, time.Now().UTC()
		default:
			return "", err
		}
		if hash == "" {
			if hash, err = argon2id.CreateHash(password, auth.PasswordCost()); err != nil {
				return "", err
			}
		}
		have.PasswordHash = hash
		changed = append(changed, have)
	}
	if len(changed) == 0 {
		return password, nil
	}
	return password, store.SaveAgents(ctx, changed...)
}

// demoPassword returns UNIQCHAT_DEMO_PASSWORD, or a random password that stays the same for a data directory.
func demoPassword(dataDir string) (string, error) {
	if p := os.Getenv("UNIQCHAT_DEMO_PASSWORD"); p != "" {
		return p, nil // a demo listens on loopback only: what its owner takes is good enough
	}
	path := filepath.Join(dataDir, "demo-password")
	b, err := os.ReadFile(path)
	if p := strings.TrimSpace(string(b)); err == nil && auth.CheckPassword(p) == nil {
		return p, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	p := randomPassword()
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return "", err
	}
	return p, writeSecret(path, p+"\n")
}

// randomPassword returns 100 random bits that are easy to type.
func randomPassword() string {
	var b [13]byte
	_, _ = rand.Read(b[:])
	s := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))[:20]
	return s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:]
}

// writeSecret writes a file that only its owner can read, all of it or nothing.
func writeSecret(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// printDemo says where everything is.
func printDemo(w io.Writer, http, password string) {
	base := "http://" + http
	fmt.Fprintf(w, `
  demo shop  %[1]s/demo/
  console    %[1]s/console/
  API        %[1]s/api/docs
  log in as  alice@demo.test, bob@demo.test or admin@demo.test
  password   %[2]s

`, base, password)
}

// ensureTenant returns the tenant of a slug, made if it is missing.
func ensureTenant(ctx context.Context, store chat.Store, slug, name string) (chat.Tenant, error) {
	t, err := store.TenantBySlug(ctx, slug)
	if !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return t, err
	}
	t = chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: slug, Name: name, CreatedAt: time.Now().UTC()}
	return t, store.SaveTenant(ctx, t)
}

// ensureSiteKey returns a site key, made with a fresh secret if it is missing.
func ensureSiteKey(ctx context.Context, store chat.Store, t chat.TenantID, key string, origins []string) (chat.SiteKey, error) {
	k, err := store.SiteKey(ctx, key)
	if err == nil && k.Tenant != t {
		return k, fmt.Errorf("site key %q belongs to another tenant", key)
	}
	if !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return k, err
	}
	k = chat.SiteKey{Tenant: t, Key: key, Secrets: []string{rand.Text()}, Origins: origins, CreatedAt: time.Now().UTC()}
	return k, store.SaveSiteKey(ctx, k)
}

// agentOf finds an agent of a tenant by e-mail.
func agentOf(ctx context.Context, store chat.Store, t chat.TenantID, email string) (chat.Agent, error) {
	found, err := store.AgentsByEmail(ctx, auth.NormalEmail(email))
	if err != nil {
		return chat.Agent{}, err
	}
	for _, a := range found {
		if a.Tenant == t {
			return a, nil
		}
	}
	return chat.Agent{}, chat.Errorf(chat.NotFound, "there is no agent %s", email)
}
