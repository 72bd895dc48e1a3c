package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

func retentionCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "retention --dry-run", Short: "Say what tenants' retention would remove now; a running server removes it by itself", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !dry {
				return errors.New("a running server removes by itself what tenants don't keep, every hour; --dry-run says what that would be now")
			}
			return withStore(cmd, func(ctx context.Context, store *sqlstore.Store) error { return dryRun(ctx, cmd, store) })
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "count, and remove nothing")
	return cmd
}

func dryRun(ctx context.Context, cmd *cobra.Command, store *sqlstore.Store) error {
	records, err := store.RecordsOfAll(ctx, chat.RecordRetention)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "tenant\tconversations\tmessages\tuploads\tdeliveries\tevents\tmails\texports\taudit entries")
	for i := range records {
		t, err := store.Tenant(ctx, records[i].Tenant)
		if err != nil {
			return err
		}
		keep, err := chat.RetentionOf(&records[i])
		if err != nil {
			return fmt.Errorf("retention of %s: %w", t.Slug, err)
		}
		n, err := store.Purgeable(ctx, t.ID, keep.Cutoffs(time.Now()))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", t.Slug, n.Conversations, n.Messages, n.Uploads, n.Deliveries, n.Steps, n.Mails, n.Exports,
			n.AuditEntries)
	}
	return w.Flush()
}
