-- What proves who someone is, beyond passwords: tokens of programs, second factors, and what is known of a site key.

-- +goose Up
-- A token is found by its hash, before anyone knows whose it is. No tenant: the platform's.
CREATE TABLE api_tokens (
    hash         {bytes} NOT NULL PRIMARY KEY,
    tenant       {bytes},
    id           {bytes} NOT NULL,
    name         TEXT NOT NULL,
    hint         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_by   {bytes},
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL DEFAULT 0,
    revoked_at   BIGINT NOT NULL DEFAULT 0
){key table};
CREATE UNIQUE INDEX api_tokens_id ON api_tokens (id);
CREATE INDEX api_tokens_live ON api_tokens (tenant, id) WHERE revoked_at = 0;

-- A second factor is on once it was confirmed. Codes count for steps of 30 s: those up to last_step are spent.
CREATE TABLE second_factors (
    tenant       {bytes} NOT NULL,
    agent        {bytes} NOT NULL,
    secret       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL DEFAULT 0,
    last_step    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, agent)
){key table};

CREATE TABLE recovery_codes (
    tenant  {bytes} NOT NULL,
    agent   {bytes} NOT NULL,
    hash    {bytes} NOT NULL,
    PRIMARY KEY (tenant, agent, hash)
){key table};

-- How often something was tried that must not be tried often, in a window of time: see chat.Attempts.
CREATE TABLE attempts (
    what   {bytes} NOT NULL PRIMARY KEY,
    n      BIGINT NOT NULL,
    until  BIGINT NOT NULL
){key table};
CREATE INDEX attempts_until ON attempts (until);

ALTER TABLE site_keys ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE site_keys ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX site_keys_tenant ON site_keys (tenant, site_key);

{auth parts}
