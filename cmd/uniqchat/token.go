package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/storage/local"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "API tokens, of a tenant or of the platform; tokens for load tests"}
	m := minting{}
	mint := &cobra.Command{
		Use: "mint", Short: "Mint tokens in bulk, for load tests: JSON lines of role, token, user", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error { return m.run(ctx, cmd, store) })
		},
	}
	f := mint.Flags()
	f.StringVar(&m.tenant, "tenant", "", "the tenant's slug (needed unless there is only one)")
	f.StringVar(&m.siteKey, "site-key", "", "site key of the visitors (default: the tenant's slug)")
	f.IntVar(&m.visitors, "visitors", 0, "how many visitors")
	f.IntVar(&m.agents, "agents", 0, "how many agents")
	f.BoolVar(&m.create, "create-agents", false, "make the accounts bench-agent-1@bench.test, … (nobody can log in to them)")
	f.DurationVar(&m.life, "ttl", 24*time.Hour, "how long the tokens are valid")
	f.StringVar(&m.out, "out", "-", "file to write; - is standard output")
	cmd.AddCommand(append(apiTokenCommands(), mint)...)
	return cmd
}

// minting is what `token mint` was asked for.
type minting struct {
	tenant, siteKey, out string
	visitors, agents     int
	create               bool
	life                 time.Duration
}

// minted is one line.
type minted struct {
	Role  string `json:"role"`
	Token string `json:"token"`
	User  string `json:"user"`
}

// benchCapacity is how many conversations a load test's agent may be given.
const benchCapacity = 100_000

func (m *minting) run(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store) (err error) {
	if m.visitors < 0 || m.agents < 0 || m.visitors+m.agents == 0 {
		return errors.New("say how many: --visitors N, --agents M")
	}
	if m.life <= 0 {
		return errors.New("--ttl must be positive")
	}
	t, err := tenantNamed(ctx, store, m.tenant)
	if err != nil {
		return err
	}
	service, err := auth.New(ctx, auth.Config{Store: store, Broker: local.NewBroker()})
	if err != nil {
		return err
	}
	var w io.Writer = cmd.OutOrStdout()
	if m.out != "-" {
		f, err := os.OpenFile(m.out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		w = f
	}
	lines := bufio.NewWriter(w)
	enc := json.NewEncoder(lines)
	if err := m.mintVisitors(ctx, store, service, t, enc); err != nil {
		return err
	}
	if err := m.mintAgents(ctx, store, service, t, enc); err != nil {
		return err
	}
	return lines.Flush()
}

func (m *minting) mintVisitors(ctx context.Context, store *sqlstore.Store, service *auth.Service, t chat.Tenant, enc *json.Encoder) error {
	if m.visitors == 0 {
		return nil
	}
	if m.siteKey == "" {
		m.siteKey = t.Slug
	}
	site, err := store.SiteKey(ctx, m.siteKey)
	if err != nil || site.Tenant != t.ID {
		return errors.Join(err, fmt.Errorf("site key %q is not one of tenant %s; name one with --site-key", m.siteKey, t.Slug))
	}
	for range m.visitors {
		v := chat.NewID[chat.Visitor]()
		token, err := service.MintVisitor(site, v, m.life)
		if err != nil {
			return err
		}
		if err := enc.Encode(minted{"visitor", token, v.String()}); err != nil {
			return err
		}
	}
	return nil
}

func (m *minting) mintAgents(ctx context.Context, store *sqlstore.Store, service *auth.Service, t chat.Tenant, enc *json.Encoder) error {
	if m.agents == 0 {
		return nil
	}
	known := map[string]chat.AgentID{}
	for cursor := ""; ; {
		page, next, err := store.Agents(ctx, t.ID, cursor, 200)
		if err != nil {
			return err
		}
		for i := range page {
			known[page[i].Email] = page[i].ID
		}
		if cursor = next; next == "" {
			break
		}
	}
	ids := make([]chat.AgentID, m.agents)
	var fresh []chat.Agent
	for i := range ids {
		email := fmt.Sprintf("bench-agent-%d@bench.test", i+1)
		id, ok := known[email]
		if !ok && !m.create {
			return fmt.Errorf("there is no agent %s; --create-agents makes them", email)
		}
		if !ok {
			id = chat.NewID[chat.Agent]()
			fresh = append(fresh, chat.Agent{
				ID: id, Tenant: t.ID, Email: email, Name: fmt.Sprintf("Bench %d", i+1), Role: chat.Member,
				Capacity: benchCapacity, PasswordHash: auth.UnusableHash, CreatedAt: time.Now().UTC(),
			})
		}
		ids[i] = id
	}
	if len(fresh) > 0 {
		if err := store.SaveAgents(ctx, fresh...); err != nil {
			return err
		}
	}
	for _, id := range ids {
		token, err := service.MintAgent(t.ID, id, m.life)
		if err != nil {
			return err
		}
		if err := enc.Encode(minted{"agent", token, id.String()}); err != nil {
			return err
		}
	}
	return nil
}
