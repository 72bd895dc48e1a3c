package server_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inSQLite looks through a database's files, and names the columns that have it besides.
func inSQLite(path string) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		found := inDir(filepath.Dir(path))(t)
		if len(found) == 0 {
			return nil
		}
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
		require.NoError(t, err)
		defer db.Close()
		columns, err := db.Query(`SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' AND m.name NOT LIKE 'sqlite_%'`)
		require.NoError(t, err)
		defer columns.Close()
		var places []string
		for columns.Next() {
			var table, column string
			require.NoError(t, columns.Scan(&table, &column))
			places = append(places, table+"."+column)
		}
		require.NoError(t, columns.Err())
		for _, place := range places {
			table, column, _ := strings.Cut(place, ".")
			var n int
			require.NoError(t, db.QueryRow(`SELECT COUNT(*) FROM "`+table+`" WHERE instr(lower(CAST("`+column+`" AS TEXT)), $1) > 0`, needle).Scan(&n))
			if n > 0 {
				found = append(found, place)
			}
		}
		return found
	}
}
