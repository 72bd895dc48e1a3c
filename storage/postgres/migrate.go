package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// SQLSTATEs. The first three say that somebody else has made or granted a role in the meantime: roles belong to the whole server.
const (
	duplicateObject = "42710"
	uniqueViolation = "23505"
	tupleUpdated    = "XX000"
	noPrivilege     = "42501"
)

// Migrate brings the schema up to date, with the roles uniqchat_app and uniqchat_search and their rights. It is no error if it
// is. Several at once stand in line. The tables belong to the user of the URL, which is the one that must serve.
func Migrate(ctx context.Context, url string) error {
	d, err := connect(ctx, url, Options{MaxConns: 4})
	if err != nil {
		return err
	}
	defer d.Close()
	for _, role := range []string{appRole, searchRole} {
		if err := d.makeRole(ctx, role); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	// One second between tries, for five minutes.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	dialect := sqlstore.PostgreSQL
	dialect.Options = []goose.ProviderOption{goose.WithSessionLocker(locker)}
	return sqlstore.Migrate(ctx, d.db, dialect)
}

// makeRole makes a role that nobody logs in as, and lets this user become it.
func (d *DB) makeRole(ctx context.Context, role string) error {
	var exists, member bool
	var version int
	err := d.pool.QueryRow(ctx, `SELECT count(*) > 0, COALESCE(bool_or(pg_has_role(current_user, oid, 'MEMBER')), false),
		current_setting('server_version_num')::int FROM pg_roles WHERE rolname = $1`, role).Scan(&exists, &member, &version)
	if err != nil {
		return fmt.Errorf("look for the role %s: %w", role, err)
	}
	if !exists {
		_, err := d.pool.Exec(ctx, `CREATE ROLE `+role+` NOLOGIN`)
		if code := state(err); err != nil && code != duplicateObject && code != uniqueViolation {
			return d.roleHelp(role, err)
		}
	}
	if member && version < 160000 { // later, being a member need not mean that one may become it
		return nil
	}
	_, err = d.pool.Exec(ctx, `GRANT `+role+` TO CURRENT_USER`)
	if code := state(err); err != nil && !member && code != uniqueViolation && code != tupleUpdated {
		return d.roleHelp(role, err)
	}
	return nil
}

func (d *DB) roleHelp(role string, err error) error {
	user := pgx.Identifier{d.pool.Config().ConnConfig.User}.Sanitize()
	if state(err) != noPrivilege {
		return fmt.Errorf("make the role %s: %w", role, err)
	}
	return fmt.Errorf("this user may not make roles; let an administrator run: CREATE ROLE %s NOLOGIN; GRANT %s TO %s; (%w)",
		role, role, user, err)
}
