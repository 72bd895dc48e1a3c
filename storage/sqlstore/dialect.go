package sqlstore

import (
	"strings"

	"github.com/pressly/goose/v3"
)

// Dialect is what differs between the engines that the one SQL text runs on.
type Dialect struct {
	// Goose is the engine's name for the migrations.
	Goose goose.Dialect
	// Words replaces the words in braces of the migrations.
	Words *strings.Replacer
}

// SQLite is the dialect of SQLite.
var SQLite = Dialect{
	Goose: goose.DialectSQLite3,
	Words: strings.NewReplacer("{bytes}", "BLOB", "{json}", "TEXT", "{key table}", " WITHOUT ROWID"),
}
