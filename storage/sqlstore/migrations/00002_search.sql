-- What messages say, as an index finds it. Most of it differs between the engines: search_sqlite.sql, search_postgres.sql.

-- +goose Up
-- Conversations whose messages were there before the index: each goes once it is indexed, up to after for now.
CREATE TABLE search_backlog (
    tenant {bytes} NOT NULL,
    conv   {bytes} NOT NULL,
    upto   BIGINT NOT NULL,
    after  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, conv)
){key table};

{search parts}
INSERT INTO search_backlog (tenant, conv, upto) SELECT tenant, id, last_seq FROM conversations;
