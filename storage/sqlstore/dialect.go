package sqlstore

import (
	_ "embed"
	"strings"

	"github.com/pressly/goose/v3"
)

// Dialect is what differs between the engines that the one SQL text runs on.
type Dialect struct {
	// Goose is the engine's name for the migrations.
	Goose goose.Dialect
	// Words replaces the words in braces of the migrations.
	Words *strings.Replacer
	// Options are more of what the migrations need, such as a lock.
	Options []goose.ProviderOption
}

// SQLite is the dialect of SQLite.
var SQLite = Dialect{
	Goose: goose.DialectSQLite3,
	Words: strings.NewReplacer("{bytes}", "BLOB", "{json}", "TEXT", "{key table}", " WITHOUT ROWID", "{message table}", " WITHOUT ROWID",
		"{one}", "UNIQUE", "{engine}", sqlitePlanner, "{search parts}", sqliteSearch,
		"{webhook parts}", sqliteWebhooks, "{records engine}", sqliteRecords, "{revisions parts}", "", "{auth parts}", "", "{uploads security}", "",
		"{onces security}", "",
		"{audit security}", "", "{mail security}", "", "{reports parts}", "",
		"{people parts}", sqlitePeople, "{seal parts}", sqliteSeal, "{retention parts}", sqliteRetention,
		"{knowledge parts}", sqliteKnowledge, "{bot parts}", sqliteBot, "{intent parts}", sqliteIntents),
}

// PostgreSQL is the dialect of PostgreSQL. Package postgres makes its role and takes its lock.
var PostgreSQL = Dialect{
	Goose: goose.DialectPostgres,
	Words: strings.NewReplacer("{bytes}", "BYTEA", "{json}", "JSONB", "{key table}", "", "{message table}", " PARTITION BY HASH (conv)",
		"{one}", "", "{engine}", postgresOnly, "{search parts}", postgresSearch,
		"{webhook parts}", postgresWebhooks, "{records engine}", postgresRecords, "{revisions parts}", postgresRevisions, "{auth parts}", postgresAuth, "{uploads security}", postgresUploads,
		"{onces security}", postgresOnces,
		"{audit security}", postgresAudit, "{mail security}", postgresMail, "{reports parts}", postgresReports,
		"{people parts}", postgresPeople, "{seal parts}", postgresSeal, "{retention parts}", "", "{knowledge parts}", postgresKnowledge, "{bot parts}", postgresBot,
		"{intent parts}", postgresIntents),
}

// postgresOnly is what only PostgreSQL has: row-level security, the partitions of messages, the tables of the projection.
//
//go:embed postgres.sql
var postgresOnly string

// What the engines have to find words with.
//
//go:embed search_sqlite.sql
var sqliteSearch string

//go:embed search_postgres.sql
var postgresSearch string

// postgresWebhooks is row-level security of the tables of 00008.
//
//go:embed webhooks_postgres.sql
var postgresWebhooks string

// sqliteWebhooks is sqlitePlanner for the tables of 00008.
const sqliteWebhooks = `
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('webhook_events', 'webhook_events', '1000000 500000 1'),
    ('webhook_deliveries', 'webhook_deliveries', '1000000 500000 1'),
    ('webhook_deliveries', 'webhook_deliveries_due', '10000 5000 2000 2 1'),
    ('webhook_deliveries', 'webhook_deliveries_list', '1000000 500000 200000 1'),
    ('webhook_attempts', 'webhook_attempts', '1000000 500000 2 1');
`

// postgresRecords is row-level security for the tables of 00004.
//
//go:embed records_postgres.sql
var postgresRecords string

// sqliteRecords is sqlitePlanner for the tables and indexes of 00004.
const sqliteRecords = `
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('conversations', 'conversations_waiting', '1000 500 250 2 1'),
    ('conversations', 'conversations_snoozed', '1000 2'),
    ('conversation_labels', 'conversation_labels', '100000 50000 10000 1'),
    ('conversation_labels', 'conversation_labels_conv', '100000 50000 2'),
    ('records', 'records', '1000 500 100 1'),
    ('records', 'records_name', '1000 500 100 1');
`

// postgresUploads puts the tables of uploads under row-level security.
//
//go:embed uploads_postgres.sql
var postgresUploads string

// postgresOnces puts the table of 00009 under row-level security.
//
//go:embed onces_postgres.sql
var postgresOnces string

// postgresReports is row-level security of 00012.
//
//go:embed reports_postgres.sql
var postgresReports string

// postgresPeople is row-level security for the tables of 00010, and sqlitePeople sqlitePlanner for its indexes. FTS5 takes what is deleted
// out of its pages at once, instead of noting that it is gone (sqlite.org/fts5.html, 6.9).
//
//go:embed people_postgres.sql
var postgresPeople string

const sqlitePeople = `
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('visitors', 'visitors_created', '500000 250000 1 1'),
    ('trail', 'trail', '1000000 500000 20 1'),
    ('erasures', 'erasures', '1000 500 1'),
    ('erasures', 'erasures_begun', '1000 1'),
    ('erasures', 'erasures_unfinished', '10 1'),
    ('uploads', 'uploads_conv', '100000 50000 2');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
`

// sqliteRetention is sqlitePlanner for the indexes of 00015.
const sqliteRetention = `
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('conversations', 'conversations_kept', '1000000 500000 2 1'),
    ('uploads', 'uploads_kept', '100000 50000 1'),
    ('trail', 'trail_at', '1000000 500000 1'),
    ('mails', 'mails_kept', '10000 5000 1'),
    ('onces', 'onces', '10000 5000 1'),
    ('onces', 'onces_subject', '10000 5000 3');
`

// postgresKnowledge is row-level security for the tables of 00018, and sqliteKnowledge sqlitePlanner for them.
//
//go:embed knowledge_postgres.sql
var postgresKnowledge string

const sqliteKnowledge = `
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('knowledge_states', 'knowledge_states', '1000 1'),
    ('knowledge_states', 'knowledge_states_due', '10 1'),
    ('knowledge_golden', 'knowledge_golden', '10000 500 1'),
    ('knowledge_unanswered', 'knowledge_unanswered', '10000 500 1');
`

// postgresBot is row-level security for the tables of 00019, and sqliteBot sqlitePlanner for them.
//
//go:embed bot_postgres.sql
var postgresBot string

const sqliteBot = `
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('bot_jobs', 'bot_jobs', '1000 500 1'),
    ('bot_jobs', 'bot_jobs_due', '1000 500 1'),
    ('ai_traces', 'ai_traces', '1000000 500000 1'),
    ('ai_traces', 'ai_traces_conv', '1000000 500000 5 1'),
    ('ai_traces', 'ai_traces_old', '1000000 1'),
    ('ai_usage', 'ai_usage', '100000 500 1');
`

// postgresIntents is row-level security for the tables of 00021, and sqliteIntents sqlitePlanner for them.
//
//go:embed intents_postgres.sql
var postgresIntents string

const sqliteIntents = `
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('ai_intents', 'ai_intents_name', '10000 20 1'),
    ('ai_intent_states', 'ai_intent_states', '1000 1'),
    ('ai_intent_states', 'ai_intent_states_due', '10 1');
`

// postgresMail is row-level security of the tables of 00013.
//
//go:embed mail_postgres.sql
var postgresMail string

// postgresAudit is row-level security for the tables of 00011.
//
//go:embed audit_postgres.sql
var postgresAudit string

//go:embed revisions_postgres.sql
var postgresRevisions string

// postgresSeal keeps the tables of 00014 from everybody's work but the system's.
//
//go:embed seal_postgres.sql
var postgresSeal string

// sqliteSeal is the index of 00014.
const sqliteSeal = `
CREATE INDEX visitors_external ON visitors (tenant, external_print) WHERE external_print <> '';
`

// postgresAuth is row-level security of the tables of 00003.
//
//go:embed auth_postgres.sql
var postgresAuth string

// sqlitePlanner tells SQLite's planner how tables are once they are large: rows in all, then rows for one value of the first
// column, of the first two, and so on (sqlite.org/fileformat2.html, 2.6.3). Without it SQLite takes a tenant to have ten
// conversations, and reads all of them where it should look for a visitor's.
const sqlitePlanner = `
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('conversations', 'conversations', '1000000 500000 1'),
    ('conversations', 'conversations_updated', '1000000 500000 100000 2 1 1 1 1'),
    ('conversations', 'conversations_open', '10000 5000 1'),
    ('conversations', 'conversations_visitor', '1000000 500000 3 1'),
    ('conversations', 'conversations_waiting', '1000 500 2 1'),
    ('conversations', 'conversations_assigned', '10000 5000 10'),
    ('visitors', 'visitors', '500000 250000 1'),
    ('messages', 'messages', '10000000 5000000 10 1'),
    ('messages', 'messages_id', '10000000 5000000 10 1'),
    ('marks', 'marks', '1000000 500000 2 1');
`
