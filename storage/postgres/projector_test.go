package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

type pgxRow = pgx.CollectableRow

func requireBusy(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, chat.Busy, chat.CodeOf(err), "%v", err)
}
