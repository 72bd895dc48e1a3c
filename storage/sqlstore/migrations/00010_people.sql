-- What the staff knows of visitors, what visitors do on the site, and who was erased.

-- +goose Up
ALTER TABLE visitors ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE visitors ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE visitors ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
-- An erased visitor's row is empty and has another id: it is there to be counted.
ALTER TABLE visitors ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX visitors_created ON visitors (tenant, created_at, id) WHERE erased_at = 0;

CREATE TABLE trail (
    tenant  {bytes} NOT NULL,
    visitor {bytes} NOT NULL,
    id      {bytes} NOT NULL,
    at      BIGINT NOT NULL,
    name    TEXT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (tenant, visitor, id)
){key table};

-- stranger: whose the conversations are afterwards; NULL once everything is done, so that nothing leads from the one to the other.
CREATE TABLE erasures (
    tenant   {bytes} NOT NULL,
    visitor  {bytes} NOT NULL,
    stranger {bytes},
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, visitor)
){key table};
CREATE INDEX erasures_begun ON erasures (begun_at);
CREATE INDEX erasures_unfinished ON erasures (begun_at) WHERE stranger IS NOT NULL;

CREATE INDEX uploads_conv ON uploads (tenant, conv) WHERE conv IS NOT NULL;

{people parts}
