-- Endpoints that tenants are told of events at, and the events on their way there (docs/adr/0016-webhooks.md).

-- +goose Up
-- state: 0 active, 1 paused, 2 disabled (package chat).
CREATE TABLE webhooks (
    tenant      {bytes} NOT NULL,
    id          {bytes} NOT NULL,
    url         TEXT NOT NULL,
    description TEXT NOT NULL,
    events      {json} NOT NULL,
    secrets     {json} NOT NULL,
    state       SMALLINT NOT NULL,
    why         TEXT NOT NULL,
    failures    BIGINT NOT NULL,
    opened      BIGINT NOT NULL,
    open_until  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};

-- Grows with every change of who wants which events. Whoever writes events knows the endpoints of one version, and looks in the
-- transaction that writes whether it still is the one.
CREATE TABLE webhook_version (
    one     SMALLINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
){key table};
INSERT INTO webhook_version (one, version) VALUES (1, 1);

-- The number of a tenant's last event. Its row is held until the end of the transaction that writes events, so that they become
-- visible in their order.
CREATE TABLE webhook_sequences (
    tenant {bytes} NOT NULL PRIMARY KEY,
    last   BIGINT NOT NULL
){key table};

-- An event says what it is about; what is sent is made of that when it is, and kept in data where it could be another later.
-- subject is a conversation, or of contact.* the visitor; seq is the entry of the conversation's log.
CREATE TABLE webhook_events (
    tenant     {bytes} NOT NULL,
    sequence   BIGINT NOT NULL,
    id         {bytes} NOT NULL,
    type       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    subject    {bytes},
    seq        BIGINT NOT NULL,
    state      TEXT NOT NULL,
    data       TEXT NOT NULL,
    PRIMARY KEY (tenant, sequence)
){key table};

-- state: 0 pending, 1 delivered, 2 failed.
CREATE TABLE webhook_deliveries (
    tenant       {bytes} NOT NULL,
    id           {bytes} NOT NULL,
    webhook      {bytes} NOT NULL,
    sequence     BIGINT NOT NULL,
    state        SMALLINT NOT NULL,
    attempt      BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant, webhook, due_at, sequence) WHERE state = 0;
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (tenant, webhook, id);

CREATE TABLE webhook_attempts (
    tenant   {bytes} NOT NULL,
    delivery {bytes} NOT NULL,
    attempt  BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    took     BIGINT NOT NULL,
    url      TEXT NOT NULL,
    status   BIGINT NOT NULL,
    answer   TEXT NOT NULL,
    error    TEXT NOT NULL,
    PRIMARY KEY (tenant, delivery, attempt)
){key table};

{webhook parts}
