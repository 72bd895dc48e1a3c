package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// encryption reads the master keys that are configured.
func encryption(c *config.Encryption) (e storage.Encryption, err error) {
	switch {
	case c.KeyFile != "":
		if e.Masters, err = seal.ReadMasters(c.KeyFile); err != nil {
			err = fmt.Errorf("encryption.key_file: %w", err)
		}
	case c.Key != "":
		if e.Masters, err = seal.MastersOf(strings.ReplaceAll(string(c.Key), ",", "\n")); err != nil {
			err = fmt.Errorf("encryption.key: %w", err)
		}
	}
	e.Off = !c.Enabled
	return e, err
}

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Keys that seal what people write: see docs/encryption.md"}
	generate := &cobra.Command{
		Use: "generate", Short: "Print a new master key", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), seal.NewMasterKey())
			return err
		},
	}
	var tenant string
	var rewrap bool
	rotate := &cobra.Command{
		Use: "rotate", Short: "Seal tenants' keys with the newest master key, and give them new ones", Args: cobra.NoArgs,
		Long: "Seals tenants' keys with the newest master key, and gives each tenant a new data key. Nodes that are running seal with it\n" +
			"within seconds, seal old rows anew in the background, and remove the old key an hour after that is done.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd, func(ctx context.Context, store *sqlstore.Store, m *seal.Masters) error {
				return rotateKeys(ctx, cmd, store, m, tenant, !rewrap)
			})
		},
	}
	rotate.Flags().StringVar(&tenant, "tenant", "", "slug of the one tenant (default: all)")
	rotate.Flags().BoolVar(&rewrap, "rewrap", false, "make no new data keys: after this, older master keys can be taken out of the file")
	status := &cobra.Command{
		Use: "status", Short: "Show tenants' keys, and how far rows are sealed with them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error { return keyStatus(ctx, cmd, store) })
		},
	}
	cmd.AddCommand(generate, rotate, status, resealCommand())
	return cmd
}

// withKeys is withStore for what needs the master keys.
func withKeys(cmd *cobra.Command, fn func(ctx context.Context, store *sqlstore.Store, m *seal.Masters) error) error {
	cfg, err := load(cmd)
	if err != nil {
		return err
	}
	e, err := encryption(&cfg.Encryption)
	if err != nil {
		return err
	}
	if e.Masters == nil {
		return errors.New("there are no master keys: set encryption.key_file")
	}
	return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error { return fn(ctx, store, e.Masters) })
}

func rotateKeys(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store, m *seal.Masters, slug string, fresh bool) error {
	tenants, err := store.SealedTenants(ctx)
	if err != nil {
		return err
	}
	if slug != "" {
		t, err := store.TenantBySlug(ctx, slug)
		if err != nil {
			return err
		}
		tenants = []chat.TenantID{t.ID}
	}
	var total sqlstore.Rotation
	for _, t := range tenants {
		done, err := store.RotateKeys(ctx, m, t, fresh)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t, err)
		}
		total.Rewrapped += done.Rewrapped
		total.Added += done.Added
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d keys are sealed anew with master key %s, %d data keys are new\n", total.Rewrapped, m.Newest(), total.Added)
	return err
}

func keyStatus(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store) error {
	all, err := store.Sealing(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TENANT\tDATA KEYS\tROWS")
	for _, one := range all {
		state := "being brought to the newest form"
		switch {
		case one.Erased:
			state = "erased"
		case one.Reached == 0:
			state = "plain"
		case one.Reached > 0:
			state = fmt.Sprintf("sealed with key %d or later", one.Reached)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", one.Tenant, strings.Trim(strings.ReplaceAll(fmt.Sprint(one.Keys), " ", ", "), "[]"), state)
	}
	return w.Flush()
}

func resealCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reseal", Short: "Have nodes look through everything that is kept, and seal what is plain", Args: cobra.NoArgs,
		Long: "Nodes that are running go through all rows and files once more, in the background, and seal what is plain or was sealed with an older\n" +
			"key. That is done by itself when encryption is switched on; this is for what a node without keys has written since.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				if err := store.SealAgain(ctx); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "nodes look through everything again; see uniqchat keys status")
				return err
			})
		},
	}
}

func eraseKeysCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "erase-keys SLUG", Short: "Make all sealed data of a tenant unreadable, for good", Args: cobra.ExactArgs(1),
		Long: "Erases a tenant's keys. What was sealed with them (messages, personal fields, files) can never be read again, by nobody, and the\n" +
			"tenant takes no more messages. Backups hold the keys as well, sealed by the master key of their time: see docs/encryption.md.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return errors.New("this can't be undone: say --yes to erase the tenant's keys")
			}
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error {
				t, err := store.TenantBySlug(ctx, args[0])
				if err != nil {
					return err
				}
				keys, done, err := store.Keys(ctx, t.ID)
				switch {
				case err != nil:
					return err
				case len(keys) == 0:
					return fmt.Errorf("%s has no keys: nothing of it is sealed", t.Slug)
				case done < 1 && keys[0].ID != seal.Erased:
					return fmt.Errorf("not everything of %s is sealed yet, and what is plain would stay readable: wait until `uniqchat keys status` says that it is", t.Slug)
				}
				if err := store.EraseKeys(ctx, t.ID, time.Now()); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "the keys of %s are erased\n", t.Slug)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "erase them")
	return cmd
}
