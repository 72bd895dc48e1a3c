-- What reports are made of: sums, filled by the projection in the transaction that writes the rows they count.

-- +goose Up
-- whole: 1 if the row is the sum of all teams and agents. slot: quarter hours since 1970. team, agent: 16 zero bytes for none.
-- bucket: of a duration, or a score. part: whoever writes at the same time writes other rows. total: of durations, in ms.
CREATE TABLE report_counts (
    tenant {bytes} NOT NULL,
    whole  SMALLINT NOT NULL,
    metric SMALLINT NOT NULL,
    slot   BIGINT NOT NULL,
    team   {bytes} NOT NULL,
    agent  {bytes} NOT NULL,
    bucket SMALLINT NOT NULL,
    part   SMALLINT NOT NULL,
    n      BIGINT NOT NULL,
    total  BIGINT NOT NULL,
    PRIMARY KEY (tenant, whole, metric, slot, team, agent, bucket, part)
){key table};

-- What counting a conversation's next event takes (project.Tally); NULL until what there is of it was counted.
ALTER TABLE conversations ADD COLUMN tally {bytes};
CREATE INDEX conversations_uncounted ON conversations (tenant, id) WHERE tally IS NULL;

-- Tables that are made in the background. state: 0 waits, 1 is being made, 2 done, 3 failed. attempt and held_until: whose it is while it
-- is being made. body: the rest (chat.Export), as JSON.
CREATE TABLE exports (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    state      SMALLINT NOT NULL,
    attempt    BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};
CREATE INDEX exports_due ON exports (held_until, id) WHERE state < 2;
CREATE INDEX exports_stale ON exports (expires_at);

{reports parts}
