package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrSchemaBehind is returned where a database must be migrated first.
var ErrSchemaBehind = errors.New("the database's schema is behind this version: run uniqchat migrate")

// ErrSchemaAhead is returned where a newer version of the program has migrated the database.
var ErrSchemaAhead = errors.New("the database's schema is newer than this version: use the version that migrated it")

// Migrate brings the schema up to date. It is no error if it is.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	p, err := provider(db, d)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Redo applies one migration again that was taken back by hand, whatever came after it. It is for tests of what a migration
// does to a database that is in use: migrations have no way back.
func Redo(ctx context.Context, db *sql.DB, d Dialect, version int64) error {
	p, err := provider(db, d)
	if err != nil {
		return err
	}
	if _, err := p.ApplyVersion(ctx, version, true); err != nil {
		return fmt.Errorf("migrate again: %w", err)
	}
	return nil
}

// CheckSchema returns ErrSchemaBehind or ErrSchemaAhead if the database is not of this version.
func CheckSchema(ctx context.Context, db *sql.DB, d Dialect) error {
	p, err := provider(db, d)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case current < target:
		return ErrSchemaBehind
	case current > target:
		return ErrSchemaAhead
	}
	return nil
}

func provider(db *sql.DB, d Dialect) (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	p, err := goose.NewProvider(d.Goose, db, worded{sub, d},
		append([]goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false)}, d.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	return p, nil
}

// worded is a file system in which the words of a dialect stand for those in braces.
type worded struct {
	fs.FS
	d Dialect
}

func (w worded) Open(name string) (fs.File, error) {
	f, err := w.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(w.FS, name)
	if err != nil {
		return nil, err
	}
	return &file{bytes.NewReader([]byte(w.d.Words.Replace(string(text)))), info}, nil
}

// file is an opened file with its words replaced.
type file struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }
