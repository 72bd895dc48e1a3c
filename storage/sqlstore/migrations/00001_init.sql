-- One text for SQLite and PostgreSQL. Words in braces differ: {bytes}, {json}, {key table} (a table that is stored in the
-- order of its primary key, where the engine can), {message table} (in parts, where the engine can), {one}; what only one
-- engine has stands last. Ids are 16 bytes, times microseconds since 1970 (0: none), the tenant
-- comes first in every key but those that find one. A message's body is TEXT everywhere: its bytes must come back as they were.
-- Status 0 is queued, 1 open, 4 closed (package chat).

-- +goose Up
CREATE TABLE tenants (
    id         {bytes} NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL
){key table};

CREATE TABLE site_keys (
    site_key TEXT NOT NULL PRIMARY KEY,
    tenant   {bytes} NOT NULL,
    secrets  {json} NOT NULL,
    origins  {json} NOT NULL
){key table};

CREATE TABLE teams (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};

CREATE TABLE agents (
    tenant        {bytes} NOT NULL,
    id            {bytes} NOT NULL,
    email         TEXT NOT NULL,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    teams         {json} NOT NULL,
    capacity      BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled      SMALLINT NOT NULL,
    tokens_after  BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};
CREATE UNIQUE INDEX agents_email ON agents (email, tenant);

CREATE TABLE visitors (
    tenant      {bytes} NOT NULL,
    id          {bytes} NOT NULL,
    external_id TEXT NOT NULL,
    verified    SMALLINT NOT NULL,
    name        TEXT NOT NULL,
    email       TEXT NOT NULL,
    locale      TEXT NOT NULL,
    page        TEXT NOT NULL,
    attributes  {json} NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};

CREATE TABLE conversations (
    tenant       {bytes} NOT NULL,
    id           {bytes} NOT NULL,
    visitor      {bytes} NOT NULL,
    status       SMALLINT NOT NULL,
    assignee     {bytes},
    team         {bytes},
    version      BIGINT NOT NULL,
    last_seq     BIGINT NOT NULL,
    last_public  BIGINT NOT NULL,
    last_message BIGINT NOT NULL,
    last_agent   {bytes},
    labels       {json} NOT NULL DEFAULT '[]',
    priority     BIGINT NOT NULL DEFAULT 0,
    context      {json} NOT NULL DEFAULT '{}',
    rating       SMALLINT NOT NULL DEFAULT 0,
    queued_at    BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    closed_at    BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};
-- Lists: one ordered range for each status; what filters ask for is in the index, so that rows that don't match cost no look-up.
CREATE INDEX conversations_updated ON conversations (tenant, status, updated_at, id, assignee, team, created_at);
-- A visitor has one conversation that is not closed (protocol rule 4). Where a log of its own holds that, rows of two
-- conversations come in any order: there the index does not insist.
CREATE {one} INDEX conversations_open ON conversations (tenant, visitor) WHERE status <> 4;
CREATE INDEX conversations_visitor ON conversations (tenant, visitor, id);
CREATE INDEX conversations_waiting ON conversations (tenant, queued_at, id) WHERE status = 0;
CREATE INDEX conversations_assigned ON conversations (tenant, assignee) WHERE status = 1;

CREATE TABLE messages (
    tenant      {bytes} NOT NULL,
    conv        {bytes} NOT NULL,
    seq         BIGINT NOT NULL,
    prev        BIGINT NOT NULL,
    prev_public BIGINT NOT NULL,
    id          {bytes} NOT NULL,
    cmid        {bytes} NOT NULL,
    sender      {bytes},
    role        SMALLINT NOT NULL,
    kind        SMALLINT NOT NULL,
    visibility  SMALLINT NOT NULL,
    sent_at     BIGINT NOT NULL,
    reply_to    {bytes},
    body        TEXT NOT NULL,
    PRIMARY KEY (tenant, conv, seq)
){message table};
-- The same message is there once, for ever (protocol rule 2). The condition holds for every row; it keeps planners from reading
-- a whole conversation by this index where they should take a range of the primary key.
CREATE UNIQUE INDEX messages_id ON messages (tenant, conv, id) WHERE id IS NOT NULL;

CREATE TABLE marks (
    tenant    {bytes} NOT NULL,
    conv      {bytes} NOT NULL,
    user_id   {bytes} NOT NULL,
    role      SMALLINT NOT NULL,
    delivered BIGINT NOT NULL,
    read_seq  BIGINT NOT NULL,
    PRIMARY KEY (tenant, conv, user_id)
){key table};

CREATE TABLE refresh_tokens (
    hash       {bytes} NOT NULL PRIMARY KEY,
    family     {bytes} NOT NULL,
    tenant     {bytes} NOT NULL,
    agent      {bytes} NOT NULL,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used       BIGINT NOT NULL DEFAULT 0
){key table};
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);

CREATE TABLE ended_families (
    family   {bytes} NOT NULL PRIMARY KEY,
    ended_at BIGINT NOT NULL
){key table};
CREATE INDEX ended_families_at ON ended_families (ended_at);

CREATE TABLE signing_keys (
    id         TEXT NOT NULL PRIMARY KEY,
    secret     {bytes} NOT NULL,
    created_at BIGINT NOT NULL
){key table};

-- What only this engine has.
{engine}
