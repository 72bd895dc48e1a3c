package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// held is a table under row-level security, as the catalogue tells of it: a new one is tested without anybody's remembering.
type held struct {
	name, key string // key is the column of the tenant
	granted   bool   // uniqchat_app may touch it at all
	deletes   bool   // the role may delete rows, not only add them
	columns   []string
	values    []string // one for each column, as SQL; that of the key is $tenant
}

// heldTables lists the tables that have tenants' rows, with the makings of a row of each.
func heldTables(t *testing.T, conn *pgx.Conn) []held {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT c.relname, has_table_privilege('uniqchat_app', c.oid, 'SELECT,INSERT,UPDATE,DELETE'), has_table_privilege('uniqchat_app', c.oid, 'DELETE'), a.attname, format_type(a.atttypid, NULL)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
		WHERE c.relforcerowsecurity AND NOT c.relispartition AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum`)
	require.NoError(t, err)
	var out []held
	for rows.Next() {
		var table, column, kind string
		var granted, deletes bool
		require.NoError(t, rows.Scan(&table, &granted, &deletes, &column, &kind))
		if len(out) == 0 || out[len(out)-1].name != table {
			out = append(out, held{name: table, granted: granted, deletes: deletes})
		}
		h := &out[len(out)-1]
		value, ok := map[string]string{
			"bytea": `'\x01a2082321e77a0da091d3476cc2db54'`, "text": `'x'`, "boolean": `true`, "jsonb": `'{}'`, "json": `'{}'`, "bigint": `1`,
			"integer": `1`, "smallint": `1`, "text[]": `'{}'`, "bytea[]": `'{}'`, "bigint[]": `'{}'`, "double precision": `1`, "timestamp with time zone": `now()`,
			"character varying": `'x'`, "tsvector": `'x'`, "uuid": `'01a20823-21e7-7a0d-a091-d3476cc2db54'`,
		}[kind]
		require.True(t, ok, "%s.%s is %s: give the test a value of it", table, column, kind)
		if column == "tenant" || table == "tenants" && column == "id" {
			h.key, value = column, "$tenant"
		}
		h.columns, h.values = append(h.columns, column), append(h.values, value)
	}
	require.NoError(t, rows.Err())
	return out
}

// of is the statement that adds a row of a tenant. mark tells rows apart that share a key over all tenants.
func (h *held) of(tenant chat.TenantID, mark string) string {
	values := strings.NewReplacer("01a2", mark, "'x'", "'"+mark+"'", "$tenant", fmt.Sprintf(`'\x%x'`, tenant[:])).Replace(strings.Join(h.values, ", "))
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", h.name, strings.Join(h.columns, ", "), values)
}

// Around the code, straight to SQL as the role of tenants' transactions: no row of another tenant is seen, changed, deleted,
// made or taken over, in any table, with any of the settings that the role could set.
func TestHoleForeignRowsBySQL(t *testing.T) {
	address := migrated(t, server(t))
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	mine, theirs := chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()
	tables := heldTables(t, conn)
	granted := 0
	for i := range tables {
		h := &tables[i]
		if h.key == "" {
			require.False(t, h.granted, "%s has no tenant, and the role may touch it", h.name)
			continue
		}
		_, err := conn.Exec(t.Context(), `SET session_replication_role = replica`) // no foreign keys: one row is enough
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), h.of(theirs, "0b0b"))
		require.NoError(t, err, "%s: a row that the test can make", h.name)
		_, err = conn.Exec(t.Context(), h.of(mine, "0c0c"))
		require.NoError(t, err, h.name)
		_, err = conn.Exec(t.Context(), `SET session_replication_role = origin`)
		require.NoError(t, err)
	}
	where := fmt.Sprintf(`= '\x%x'`, theirs[:])
	for _, settings := range [][]string{
		{fmt.Sprintf(`SET LOCAL uniqchat.tenant = '%x'`, mine[:])},
		{fmt.Sprintf(`SET LOCAL uniqchat.tenant = '%x'`, mine[:]), `SET LOCAL uniqchat.system = 'on'`},
		{fmt.Sprintf(`SET LOCAL uniqchat.tenant = '%x'`, mine[:]), `SET LOCAL row_security = 'off'`},
		{`SET LOCAL uniqchat.tenant = ''`},
		nil,
	} {
		for i := range tables {
			h := &tables[i]
			if h.key == "" {
				continue
			}
			as := func(statement string) (int64, error) {
				tx, err := conn.Begin(t.Context())
				require.NoError(t, err)
				defer func() { _ = tx.Rollback(context.Background()) }()
				for _, s := range append([]string{`SET LOCAL session_replication_role = replica`, `SET LOCAL ROLE uniqchat_app`}, settings...) {
					_, err := tx.Exec(t.Context(), s)
					require.NoError(t, err, s)
				}
				tag, err := tx.Exec(t.Context(), statement)
				return tag.RowsAffected(), err
			}
			nothing := func(statement string) {
				t.Helper()
				n, err := as(statement)
				if err != nil {
					require.Equal(t, noPrivilege, state(err), "%v %s: %v", settings, statement, err)
				}
				require.Zero(t, n, "%v %s", settings, statement)
			}
			nothing(fmt.Sprintf("SELECT * FROM %s WHERE %s %s", h.name, h.key, where))
			nothing(fmt.Sprintf("SELECT * FROM %s WHERE %s %s FOR UPDATE", h.name, h.key, where))
			nothing(fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s %s", h.name, h.key, h.key, h.key, where))
			nothing(fmt.Sprintf("DELETE FROM %s WHERE %s %s", h.name, h.key, where))
			for _, statement := range []string{
				h.of(theirs, "0d0d"),
				h.of(theirs, "0b0b") + " ON CONFLICT DO NOTHING",
				"TRUNCATE " + h.name,
			} {
				n, err := as(statement)
				require.Equal(t, noPrivilege, state(err), "%v %s: %v", settings, statement, err)
				require.Zero(t, n)
			}
			// What is one's own can't be given away.
			n, err := as(fmt.Sprintf(`UPDATE %s SET %s %s`, h.name, h.key, where))
			if err != nil {
				require.Equal(t, noPrivilege, state(err), "%s: %v", h.name, err)
			}
			require.Zero(t, n, h.name)
			if h.granted && len(settings) == 1 && strings.Contains(settings[0], fmt.Sprintf("%x", mine[:])) {
				require.Error(t, err, "%s: the row of one's own would have moved", h.name)
				granted++
				n, err := as("DELETE FROM " + h.name)
				if !h.deletes {
					require.Equal(t, noPrivilege, state(err), "%s is only ever added to: %v", h.name, err)
					continue
				}
				require.NoError(t, err, h.name)
				require.EqualValues(t, 1, n, "%s: all that the role sees is its tenant's one row", h.name)
			}
		}
	}
	require.Greater(t, granted, 15)
	for i := range tables {
		if h := &tables[i]; h.key != "" {
			require.Equal(t, 1, count(t, address, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s %s", h.name, h.key, where)), "%s is as it was", h.name)
		}
	}
}
