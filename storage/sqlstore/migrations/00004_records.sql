-- What tenants set up, and what is told of conversations besides their state.

-- +goose Up
CREATE TABLE records (
    tenant     {bytes} NOT NULL,
    kind       TEXT NOT NULL,
    id         {bytes} NOT NULL,
    name       TEXT NOT NULL,
    body       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, id)
){key table};
CREATE UNIQUE INDEX records_name ON records (tenant, kind, name);

-- Which conversations have a label: conversations.labels the other way round.
CREATE TABLE conversation_labels (
    tenant {bytes} NOT NULL,
    label  {bytes} NOT NULL,
    conv   {bytes} NOT NULL,
    PRIMARY KEY (tenant, label, conv)
){key table};
CREATE INDEX conversation_labels_conv ON conversation_labels (tenant, conv);

-- fields_seq is the seq of the newest event that told labels, priority, context or rating.
ALTER TABLE conversations ADD COLUMN fields_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN rating_comment TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN wakes_at BIGINT NOT NULL DEFAULT 0;
-- Of all tenants, because one look finds everybody whose time has come.
CREATE INDEX conversations_snoozed ON conversations (wakes_at) WHERE status = 3;
DROP INDEX conversations_waiting;
CREATE INDEX conversations_waiting ON conversations (tenant, priority DESC, queued_at, id) WHERE status = 0;

-- What only this engine has.
{records engine}
