package postgres

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// finish indexes everything that waits.
func finish(t testing.TB, d *DB) {
	t.Helper()
	require.NoError(t, NewIndexer(d, IndexerOptions{}).Finish(t.Context()))
}

// found is the conversations that a search returns, page by page.
func found(t testing.TB, d *DB, tenant chat.TenantID, f chat.Filter) (out []chat.ConversationID) {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 200
	}
	for {
		page, next, err := d.Store().Conversations(context.Background(), tenant, f)
		require.NoError(t, err)
		for i := range page {
			require.NotNil(t, page[i].Match)
			out = append(out, page[i].ID)
		}
		if f.Cursor = next; next == "" {
			return out
		}
	}
}

func TestSearchQuick(t *testing.T) {
	d := opened(t, migrated(t, server(t)))
	f := newFeed(20)
	_, stop := running(t, d, f, "n")
	defer stop()
	for i, k := range f.keys {
		f.append(f.message(k, ""))
		f.append(f.message(k, fmt.Sprintf("Order %d 什么时候发货 refund", i)))
	}
	require.Eventually(t, f.projected, 20e9, 1e6)
	finish(t, d)
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "refund"}), 10)
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "发货", Limit: 3}), 10)
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "order 4"}), 1)
}
