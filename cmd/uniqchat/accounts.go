package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// withStore runs fn on the rows of the configured database, beside a server that may be running.
func withStore(cmd *cobra.Command, fn func(ctx context.Context, store *sqlstore.Store) error) (err error) {
	cfg, err := load(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	n, err := openNotary(cfg, nil)
	if err != nil {
		return err
	}
	o, err := storageOptions(cfg)
	if err != nil {
		return err
	}
	o.Audit = n
	store, closeStore, err := storage.OpenStore(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	return errors.Join(fn(atTerminal(ctx), store), n.Write(ctx, store))
}

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database's schema up to date", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			if ctx == nil {
				ctx = context.Background()
			}
			o, err := storageOptions(cfg)
			if err != nil {
				return err
			}
			if err := storage.Migrate(ctx, o); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the schema is up to date")
			return err
		},
	}
}

func tenantCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tenant", Short: "Tenants"}
	var name, key string
	var origins []string
	create := &cobra.Command{
		Use: "create SLUG", Short: "Create a tenant with a site key", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				return createTenant(ctx, cmd, store, args[0], name, key, origins)
			})
		},
	}
	create.Flags().StringVar(&name, "name", "", "name for people (default: the slug)")
	create.Flags().StringVar(&key, "site-key", "", "what the shop's page is known by (default: a random one)")
	create.Flags().StringSliceVar(&origins, "origin", nil, "page that may use the site key, e.g. https://shop.example.com; repeat for more (default: any)")
	list := &cobra.Command{
		Use: "list", Short: "List tenants", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				tenants, err := store.Tenants(ctx)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				for _, t := range tenants {
					fmt.Fprintf(w, "%s\t%s\t%s\n", t.Slug, t.ID, t.Name)
				}
				return w.Flush()
			})
		},
	}
	cmd.AddCommand(create, list, eraseKeysCommand())
	return cmd
}

var slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func createTenant(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, slug, name, key string, origins []string) error {
	if !slugPattern.MatchString(slug) {
		return fmt.Errorf("%q: a slug is small letters, digits and hyphens, at most 63", slug)
	}
	for _, o := range origins {
		if err := auth.ValidOrigin(o); err != nil {
			return fmt.Errorf("--origin: %w", err)
		}
	}
	if _, err := store.TenantBySlug(ctx, slug); !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return errors.Join(err, fmt.Errorf("there is a tenant %s already", slug))
	}
	if name == "" {
		name = slug
	}
	if key == "" {
		key = "sk_" + strings.ReplaceAll(randomPassword(), "-", "")
	}
	if _, err := store.SiteKey(ctx, key); !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return errors.Join(err, fmt.Errorf("site key %s is taken", key))
	}
	t, err := ensureTenant(ctx, store, slug, name)
	if err != nil {
		return err
	}
	k, err := ensureSiteKey(ctx, store, t.ID, key, origins)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "tenant    %s\nid        %s\nsite key  %s\nsecret    %s\n", t.Slug, t.ID, k.Key, k.Secrets[0])
	return err
}

func userCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Agents: who can log in to the console"}
	var tenant string
	cmd.PersistentFlags().StringVar(&tenant, "tenant", "", "the tenant's slug (needed unless there is only one)")
	var name, role string
	create := &cobra.Command{
		Use: "create EMAIL", Short: "Create an agent; the password comes from UNIQCHAT_PASSWORD or standard input", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				return createUser(ctx, cmd, store, tenant, chat.Agent{Email: args[0], Name: name, Role: chat.AgentRole(role)})
			})
		},
	}
	create.Flags().StringVar(&name, "name", "", "name that visitors see (default: what stands before the @)")
	create.Flags().StringVar(&role, "role", "agent", "owner, admin, supervisor, agent or viewer")
	list := &cobra.Command{
		Use: "list", Short: "List agents", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error { return listUsers(ctx, cmd, store, tenant) })
		},
	}
	password := &cobra.Command{
		Use: "password EMAIL", Short: "Set an agent's password and end its log-ins", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				return setPassword(ctx, cmd, store, tenant, args[0])
			})
		},
	}
	factor := &cobra.Command{
		Use: "reset-totp EMAIL", Short: "Turn an agent's second factor off, when app and recovery codes are lost", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				return resetFactor(ctx, cmd, store, tenant, args[0])
			})
		},
	}
	cmd.AddCommand(create, list, password, factor)
	return cmd
}

func resetFactor(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, slug, email string) error {
	t, err := tenantNamed(ctx, store, slug)
	if err != nil {
		return err
	}
	a, err := agentOf(ctx, store, t.ID, email)
	if err != nil {
		return err
	}
	if err := store.DeleteSecondFactor(ctx, t.ID, a.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "the second factor is off")
	return err
}

// tenantNamed returns the tenant of a slug, or the only one there is.
func tenantNamed(ctx context.Context, store *sqlstore.Store, slug string) (chat.Tenant, error) {
	if slug != "" {
		t, err := store.TenantBySlug(ctx, slug)
		if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
			err = fmt.Errorf("there is no tenant %s; `uniqchat tenant list` shows them", slug)
		}
		return t, err
	}
	tenants, err := store.Tenants(ctx)
	if err != nil {
		return chat.Tenant{}, err
	}
	switch len(tenants) {
	case 1:
		return tenants[0], nil
	case 0:
		return chat.Tenant{}, errors.New("there is no tenant yet; make one with `uniqchat tenant create SLUG`")
	default:
		return chat.Tenant{}, errors.New("there are several tenants; say which with --tenant SLUG")
	}
}

var roleNames = map[chat.AgentRole]bool{chat.Owner: true, chat.Admin: true, chat.Supervisor: true, chat.Member: true, chat.Viewer: true}

func createUser(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, slug string, a chat.Agent) error {
	t, err := tenantNamed(ctx, store, slug)
	if err != nil {
		return err
	}
	a.Email = auth.NormalEmail(a.Email)
	if addr, err := mail.ParseAddress(a.Email); err != nil || addr.Address != a.Email {
		return fmt.Errorf("%q is not an e-mail address", a.Email)
	}
	if !roleNames[a.Role] {
		return fmt.Errorf("--role %s: use owner, admin, supervisor, agent or viewer", a.Role)
	}
	if a.Name == "" {
		a.Name, _, _ = strings.Cut(a.Email, "@")
	}
	if a.PasswordHash, err = askPassword(cmd); err != nil {
		return err
	}
	a.ID, a.Tenant, a.Capacity, a.CreatedAt = chat.NewID[chat.Agent](), t.ID, 5, time.Now().UTC()
	if err := store.SaveAgents(ctx, a); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s (%s) in %s\n", a.ID, a.Email, a.Role, t.Slug)
	return err
}

func listUsers(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, slug string) error {
	t, err := tenantNamed(ctx, store, slug)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	for cursor := ""; ; {
		agents, next, err := store.Agents(ctx, t.ID, cursor, 200)
		if err != nil {
			return err
		}
		for _, a := range agents {
			state := ""
			if a.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.ID, a.Email, a.Role, a.Name, state)
		}
		if cursor = next; next == "" {
			return w.Flush()
		}
	}
}

func setPassword(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, slug, email string) error {
	t, err := tenantNamed(ctx, store, slug)
	if err != nil {
		return err
	}
	a, err := agentOf(ctx, store, t.ID, email)
	if err != nil {
		return err
	}
	hash, err := askPassword(cmd)
	if err != nil {
		return err
	}
	_, err = store.ChangeAgent(ctx, t.ID, a.ID, func(a *chat.Agent) error {
		a.PasswordHash = hash
		a.EndTokens(time.Now())
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "the password is set; earlier log-ins have ended")
	return err
}

// askPassword reads a password from UNIQCHAT_PASSWORD or standard input and returns its hash.
func askPassword(cmd *cobra.Command) (string, error) {
	password := os.Getenv("UNIQCHAT_PASSWORD")
	if password == "" {
		fmt.Fprint(cmd.ErrOrStderr(), "password: ")
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil && line == "" {
			return "", errors.New("no password: give it on standard input or in UNIQCHAT_PASSWORD")
		}
		password = strings.TrimRight(line, "\r\n")
	}
	if err := auth.CheckPassword(password); err != nil {
		return "", err
	}
	return argon2id.CreateHash(password, auth.PasswordCost())
}
