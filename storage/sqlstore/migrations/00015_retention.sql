-- What retention and erasure need to know.

-- +goose Up
-- The updated_at at which what was written in a conversation was removed (chat.Retention). Whoever opens it again makes updated_at later.
ALTER TABLE conversations ADD COLUMN purged_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX conversations_kept ON conversations (tenant, updated_at, id) WHERE status = 4 AND purged_at < updated_at;
CREATE INDEX uploads_kept ON uploads (tenant, created_at) WHERE state = 1 AND conv IS NOT NULL;
CREATE INDEX trail_at ON trail (tenant, at);
CREATE INDEX mails_kept ON mails (tenant, done_at) WHERE state <> 0;

-- Which node removes what tenants don't keep, and until when nobody else does.
CREATE TABLE retention_lease (
    id         SMALLINT NOT NULL PRIMARY KEY,
    node       {bytes} NOT NULL,
    held_until BIGINT NOT NULL
){key table};

-- The conversation or visitor that an answer is about which is kept for a key: it goes with them.
ALTER TABLE onces ADD COLUMN subject {bytes};
CREATE INDEX onces_subject ON onces (tenant, subject) WHERE subject IS NOT NULL;

{retention parts}
