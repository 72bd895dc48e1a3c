-- Keys of requests that are to be done once: see chat.Onces. tenant is 16 zero bytes for the platform.

-- +goose Up
CREATE TABLE onces (
    tenant     {bytes} NOT NULL,
    what       {bytes} NOT NULL,
    body       {bytes} NOT NULL,
    owner      {bytes} NOT NULL,
    done       SMALLINT NOT NULL,
    answer     {bytes},
    begun_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, what)
){key table};
CREATE INDEX onces_expired ON onces (expires_at);

{onces security}
