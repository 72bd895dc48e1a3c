-- Keys of tenants, sealed by a master key that is not in the database, and how far rows are in the form that is written now
-- (docs/adr/0023-encryption-at-rest.md).

-- +goose Up
-- id: -1 the tenant's keys were erased, 0 the key of search words and fingerprints, from 1 on data keys; the highest seals.
CREATE TABLE tenant_keys (
    tenant     {bytes} NOT NULL,
    id         BIGINT NOT NULL,
    master     TEXT NOT NULL,
    wrapped    {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};

-- target: the data key that rows are to be sealed with at least, 0: none. cursor is where the work on a part stands. The part '' says which
-- target all parts have reached; -1: none.
CREATE TABLE seal_progress (
    tenant {bytes} NOT NULL,
    part   TEXT NOT NULL,
    target BIGINT NOT NULL,
    cursor {bytes} NOT NULL,
    done   SMALLINT NOT NULL,
    PRIMARY KEY (tenant, part)
){key table};

-- version grows with every change of keys. owner seals old rows until then; fence grows with every owner.
CREATE TABLE seal_state (
    one     SMALLINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    owner   TEXT NOT NULL,
    fence   BIGINT NOT NULL,
    until   BIGINT NOT NULL
){key table};
INSERT INTO seal_state (one, version, owner, fence, until) VALUES (1, 1, '', 0, 0);

-- What an external id is found by while it is sealed.
ALTER TABLE visitors ADD COLUMN external_print TEXT NOT NULL DEFAULT '';

{seal parts}
