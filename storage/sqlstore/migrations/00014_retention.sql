-- What tenants' retention needs to know.

-- +goose Up
-- How far a tenant's closed conversations were emptied by its retention, in the order of updated_at, id; and which node does that.
CREATE TABLE retention_marks (
    tenant    {bytes} NOT NULL PRIMARY KEY,
    done_at   BIGINT NOT NULL,
    done_conv {bytes} NOT NULL
){key table};
CREATE TABLE retention_lease (
    id         SMALLINT NOT NULL PRIMARY KEY,
    node       {bytes} NOT NULL,
    held_until BIGINT NOT NULL
){key table};

{retention security}
