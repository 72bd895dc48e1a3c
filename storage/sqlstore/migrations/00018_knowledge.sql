-- What tenants know, and the indexes that were built of it (docs/adr/0037-knowledge-in-rows.md).

-- +goose Up
-- How a tenant's index stands to its documents: see chat.KnowledgeState. Its row is held by whoever changes any of them.
CREATE TABLE knowledge_states (
    tenant   {bytes} NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    wanted   BIGINT NOT NULL,
    built    BIGINT NOT NULL,
    active   BIGINT NOT NULL,
    due_at   BIGINT NOT NULL,
    holder   {bytes},
    until    BIGINT NOT NULL,
    done     BIGINT NOT NULL,
    total    BIGINT NOT NULL,
    failure  TEXT NOT NULL
){key table};
CREATE INDEX knowledge_states_due ON knowledge_states (due_at) WHERE wanted > built;

CREATE TABLE knowledge_documents (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    title      TEXT NOT NULL,
    format     TEXT NOT NULL,
    url        TEXT NOT NULL,
    language   TEXT NOT NULL,
    hash       {bytes} NOT NULL,
    bytes      BIGINT NOT NULL,
    chunks     BIGINT NOT NULL,
    enabled    SMALLINT NOT NULL,
    revision   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- Pieces of documents with their vectors, by what is in them: what was embedded once is not again.
CREATE TABLE knowledge_chunks (
    tenant {bytes} NOT NULL,
    id     {bytes} NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- members are the ids of chunks, 16 bytes each.
CREATE TABLE knowledge_versions (
    tenant     {bytes} NOT NULL,
    version    BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    embedder   TEXT NOT NULL,
    documents  BIGINT NOT NULL,
    chunks     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    members    {bytes} NOT NULL,
    PRIMARY KEY (tenant, version)
);

CREATE TABLE knowledge_golden (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    document   {bytes} NOT NULL,
    within     SMALLINT NOT NULL,
    question   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};

-- A question is found again by itself or, while it is sealed, by its print.
CREATE TABLE knowledge_unanswered (
    tenant   {bytes} NOT NULL,
    id       {bytes} NOT NULL,
    question TEXT NOT NULL,
    print    TEXT NOT NULL,
    count    BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};

{knowledge parts}
