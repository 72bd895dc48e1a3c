-- Part of 00001 on PostgreSQL. Indexes can insist only where the part of a row is known: messages are hashed by conversation.

-- +goose StatementBegin
DO $$
BEGIN
    FOR i IN 0..15 LOOP
        EXECUTE format('CREATE TABLE messages_%s PARTITION OF messages FOR VALUES WITH (MODULUS 16, REMAINDER %s)', i, i);
        -- A conversation is of one tenant; unless told, the planner multiplies, and takes every conversation to have one message.
        EXECUTE format('CREATE STATISTICS messages_%s_conv (dependencies) ON tenant, conv FROM messages_%s', i, i);
    END LOOP;
END $$;
-- +goose StatementEnd

-- How far each partition of the log is in the rows, and who may move it on. fence grows with every owner; floor is the epoch
-- of the last fork: what was read before it is refused. A partition whose epoch is below its floor is read anew from the start.
CREATE TABLE log_partitions (
    partition SMALLINT NOT NULL PRIMARY KEY,
    owner     TEXT NOT NULL DEFAULT '',
    fence     BIGINT NOT NULL DEFAULT 0,
    floor     BIGINT NOT NULL DEFAULT 0,
    epoch     BIGINT NOT NULL DEFAULT 0,
    n         BIGINT NOT NULL DEFAULT 0,
    tag       BYTEA NOT NULL DEFAULT '\x0000000000000000'
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
INSERT INTO log_partitions (partition) SELECT generate_series(0, 63);

-- The projectors that are alive, until when.
CREATE TABLE log_projectors (
    node        TEXT NOT NULL PRIMARY KEY,
    alive_until TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 10);

-- What could not become a row, as it was. Nothing is ever deleted from here by the program.
CREATE TABLE dead_letter (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    tenant    BYTEA,
    conv      BYTEA,
    seq       BIGINT NOT NULL,
    what      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    payload   BYTEA NOT NULL
);
-- Once, however often the log is read again.
CREATE UNIQUE INDEX dead_letter_once ON dead_letter (what, COALESCE(tenant, ''), COALESCE(conv, ''), seq, md5(payload));

-- A tenant's transaction runs as uniqchat_app and sees one tenant's rows. Anybody else with the privilege to read these
-- tables, their owner too, sees nothing unless it says that it works for the system.
-- +goose StatementBegin
DO $$
DECLARE
    t TEXT;
    k TEXT;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO uniqchat_app', current_schema());
    FOREACH t IN ARRAY ARRAY['tenants', 'site_keys', 'teams', 'agents', 'visitors', 'conversations', 'messages', 'marks', 'refresh_tokens',
        'dead_letter'] LOOP
        k := CASE t WHEN 'tenants' THEN 'id' ELSE 'tenant' END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY one_tenant ON %I TO uniqchat_app USING (%I = decode(current_setting(''uniqchat.tenant'', true), ''hex''))', t, k);
        EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''uniqchat.system'', true) = ''on'' AND current_user <> ''uniqchat_app'')', t);
        IF t NOT IN ('refresh_tokens', 'dead_letter') THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO uniqchat_app', t);
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd
