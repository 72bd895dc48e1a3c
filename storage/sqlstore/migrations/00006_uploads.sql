-- Files that were sent up: their rows; the bytes are elsewhere. See uploads.go.

-- +goose Up
-- state: 0 reserved, 1 kept, 2 dropped. given: conv came with the upload, not with the message that named it. named: a message
-- names it.
CREATE TABLE uploads (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    conv       {bytes},
    given      SMALLINT NOT NULL,
    uploader   {bytes} NOT NULL,
    role       SMALLINT NOT NULL,
    name       TEXT NOT NULL,
    mime       TEXT NOT NULL,
    size       BIGINT NOT NULL,
    sha256     {bytes} NOT NULL,
    width      BIGINT NOT NULL,
    height     BIGINT NOT NULL,
    object     TEXT NOT NULL,
    thumb      TEXT NOT NULL,
    thumb_size BIGINT NOT NULL,
    state      SMALLINT NOT NULL,
    named      SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};
CREATE INDEX uploads_unsent ON uploads (tenant, uploader) WHERE named = 0;
CREATE INDEX uploads_stale ON uploads (created_at) WHERE named = 0;

-- Which messages name an upload. state: 0 noted before the message was appended, 1 the message was seen, 2 it no longer does.
CREATE TABLE upload_uses (
    tenant   {bytes} NOT NULL,
    upload   {bytes} NOT NULL,
    message  {bytes} NOT NULL,
    conv     {bytes} NOT NULL,
    public   SMALLINT NOT NULL,
    state    SMALLINT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, upload, message)
){key table};
CREATE INDEX upload_uses_message ON upload_uses (tenant, conv, message);
CREATE INDEX upload_uses_noted ON upload_uses (noted_at) WHERE state = 0;

-- How many bytes a tenant's files take, those reserved included.
CREATE TABLE upload_totals (
    tenant {bytes} NOT NULL PRIMARY KEY,
    bytes  BIGINT NOT NULL
){key table};

{uploads security}
