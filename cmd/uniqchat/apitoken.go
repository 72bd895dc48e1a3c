package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// tokenPlace is whose tokens a command is about.
type tokenPlace struct {
	tenant   string
	platform bool
}

func (p *tokenPlace) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.tenant, "tenant", "", "the tenant's slug (needed unless there is only one)")
	cmd.Flags().BoolVar(&p.platform, "platform", false, "the platform's tokens, which manage tenants and nothing inside of one")
	cmd.MarkFlagsMutuallyExclusive("tenant", "platform")
}

// id is the tenant's; zero: the platform.
func (p *tokenPlace) id(ctx context.Context, store *sqlstore.Store) (chat.TenantID, error) {
	if p.platform {
		return chat.TenantID{}, nil
	}
	t, err := tenantNamed(ctx, store, p.tenant)
	return t.ID, err
}

// apiTokenCommands are create, list and revoke.
func apiTokenCommands() []*cobra.Command {
	var p tokenPlace
	var name string
	var scopes []string
	var life time.Duration
	create := &cobra.Command{
		Use: "create", Short: "Create an API token; it is printed once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				return createAPIToken(ctx, cmd, store, &p, name, scopes, life)
			})
		},
	}
	create.Flags().StringVar(&name, "name", "", "what it is for")
	create.Flags().StringSliceVar(&scopes, "scope", nil, "what it may do, e.g. conversations:read; repeat for more; * is everything")
	create.Flags().DurationVar(&life, "ttl", 0, "how long it is valid (default: for ever)")
	list := &cobra.Command{
		Use: "list", Short: "List API tokens", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error { return listAPITokens(ctx, cmd, store, &p) })
		},
	}
	revoke := &cobra.Command{
		Use: "revoke ID", Short: "Revoke an API token; a running server closes its connections", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				id, err := chat.ParseID[chat.APIToken](args[0])
				if err != nil {
					return err
				}
				tenant, err := p.id(ctx, store)
				if err != nil {
					return err
				}
				if err := store.RevokeAPIToken(ctx, tenant, id, time.Now()); err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "revoked")
				return err
			})
		},
	}
	all := []*cobra.Command{create, list, revoke}
	for _, cmd := range all {
		p.flags(cmd)
	}
	return all
}

func createAPIToken(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, p *tokenPlace, name string, scopes []string, life time.Duration) error {
	if name == "" {
		return errors.New("say what the token is for: --name")
	}
	if life < 0 {
		return errors.New("--ttl must be positive")
	}
	tenant, err := p.id(ctx, store)
	if err != nil {
		return err
	}
	t := chat.APIToken{Tenant: tenant, Name: name, CreatedAt: time.Now().UTC()}
	switch {
	case p.platform && len(scopes) > 0:
		return errors.New("a token of the platform has no scopes: leave --scope away")
	case !p.platform:
		if t.Scopes, err = chat.ParseScopes(scopes); err != nil {
			return fmt.Errorf("--scope: %w", err)
		}
	}
	if life > 0 {
		t.ExpiresAt = t.CreatedAt.Add(life)
	}
	token := auth.NewAPIToken(&t)
	if err := store.SaveAPIToken(ctx, t); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "id     %s\ntoken  %s\n", t.ID, token)
	return err
}

func listAPITokens(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, p *tokenPlace) error {
	tenant, err := p.id(ctx, store)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	for cursor := ""; ; {
		page, next, err := store.APITokens(ctx, tenant, cursor, 200)
		if err != nil {
			return err
		}
		for i := range page {
			t := &page[i]
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Hint, t.Name, t.Scopes, day("expires ", t.ExpiresAt), day("used ", t.LastUsedAt))
		}
		if cursor = next; next == "" {
			return w.Flush()
		}
	}
}

func day(what string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return what + at.Format(time.DateOnly)
}
