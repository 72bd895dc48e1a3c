-- Part of 00002 on PostgreSQL (docs/adr/0010-full-text.md). What a message says is a tsvector of our own tokens, each with its
-- bucket in front: <bucket in hex>.<token>. A bucket is some thousand messages of one tenant that were sent after one another, so
-- that a list for a common word is short, the newest bucket is looked at first, and no list has two tenants' messages.
CREATE TABLE search (
    tenant BYTEA NOT NULL,
    conv   BYTEA NOT NULL,
    seq    BIGINT NOT NULL,
    doc    BIGINT NOT NULL, -- when it was sent, in ms since 1970, times 2^20, and a number to tell apart
    bucket INTEGER NOT NULL,
    words  TSVECTOR NOT NULL,
    PRIMARY KEY (tenant, conv, seq)
);
ALTER TABLE search ALTER COLUMN words SET STATISTICS 0; -- no plan asks for them
CREATE INDEX search_words ON search USING gin (words) WITH (gin_pending_list_limit = 1024);

-- A tenant's buckets: each holds what has its since <= doc, up to the next one's. docs and upto are how many and the last.
CREATE TABLE search_buckets (
    tenant BYTEA NOT NULL,
    since  BIGINT NOT NULL,
    bucket INTEGER NOT NULL,
    docs   BIGINT NOT NULL,
    upto   BIGINT NOT NULL,
    PRIMARY KEY (tenant, since)
) WITH (fillfactor = 50);
CREATE SEQUENCE search_bucket AS INTEGER;

-- Messages that were written and are not in the index yet: which, not what. One row for each statement that wrote some.
CREATE TABLE search_queue (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    tenants BYTEA[] NOT NULL,
    convs   BYTEA[] NOT NULL,
    seqs    BIGINT[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE search_queue ALTER COLUMN tenants SET STORAGE EXTERNAL, ALTER COLUMN convs SET STORAGE EXTERNAL, ALTER COLUMN seqs SET STORAGE EXTERNAL;

-- Whoever writes messages queues them, in the same transaction: a node of an earlier version too.
-- +goose StatementBegin
CREATE FUNCTION search_enqueue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO search_queue (tenants, convs, seqs)
        SELECT array_agg(tenant), array_agg(conv), array_agg(seq) FROM added WHERE kind <> 5 HAVING count(*) > 0;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER search_enqueue AFTER INSERT ON messages REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION search_enqueue();

-- What terms ask for in a bucket. A term that ends with * asks for what begins with it.
-- +goose StatementBegin
CREATE FUNCTION search_query(bucket INTEGER, terms TEXT[]) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg('''' || to_hex(bucket) || '.' || replace(replace(rtrim(t, '*'), '\', '\\'), '''', '''''') || '''' ||
        CASE WHEN t LIKE '%*' THEN ':*' ELSE '' END, ' & ')::tsquery FROM unnest(terms) AS t
$$;
-- +goose StatementEnd

-- The newest messages of the session's tenant that have all terms, among those sent before a place: at most so many.
-- +goose StatementBegin
CREATE FUNCTION search_newest(terms TEXT[], before_doc BIGINT, before_conv BYTEA, most INTEGER)
RETURNS TABLE (conv BYTEA, seq BIGINT, doc BIGINT) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    me    BYTEA := decode(current_setting('uniqchat.tenant'), 'hex');
    part  RECORD;
    asked TSQUERY;
    got   INTEGER;
BEGIN
    FOR part IN SELECT b.bucket FROM search_buckets b WHERE b.tenant = me AND b.since <= before_doc ORDER BY b.since DESC LOOP
        asked := search_query(part.bucket, terms);
        -- The tenant is looked at once more, in a way that tempts no planner to begin with it.
        RETURN QUERY SELECT s.conv, s.seq, s.doc FROM search s WHERE s.words @@ asked AND s.tenant IS NOT DISTINCT FROM me
            AND (s.doc, s.conv) < (before_doc, before_conv) ORDER BY s.doc DESC, s.conv DESC LIMIT most;
        GET DIAGNOSTICS got = ROW_COUNT;
        most := most - got;
        EXIT WHEN most <= 0;
    END LOOP;
END $$;
-- +goose StatementEnd

-- The newest message with all terms in each of some conversations of the session's tenant.
-- +goose StatementBegin
CREATE FUNCTION search_among(terms TEXT[], convs BYTEA[])
RETURNS TABLE (conv BYTEA, seq BIGINT, doc BIGINT) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    me BYTEA := decode(current_setting('uniqchat.tenant'), 'hex');
BEGIN
    RETURN QUERY WITH asked AS MATERIALIZED (SELECT b.bucket, search_query(b.bucket, terms) AS query FROM search_buckets b WHERE b.tenant = me),
        rows AS MATERIALIZED (SELECT s.conv, s.seq, s.doc, s.bucket, s.words FROM search s WHERE s.tenant = me AND s.conv = ANY(convs))
        SELECT DISTINCT ON (r.conv) r.conv, r.seq, r.doc FROM rows r JOIN asked ON asked.bucket = r.bucket
        WHERE r.words @@ asked.query ORDER BY r.conv, r.doc DESC;
END $$;
-- +goose StatementEnd

-- @@ is not leakproof: below row-level security PostgreSQL would never use the index for it. So the functions run as a role
-- that sees all of the words and one tenant's buckets, and nobody else has the right to read these tables; their owner is held to
-- them like anybody.
-- +goose StatementBegin
DO $$
DECLARE
    t TEXT;
    f TEXT;
BEGIN
    FOREACH t IN ARRAY ARRAY['search', 'search_buckets', 'search_backlog'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''uniqchat.system'', true) = ''on'' AND current_user <> ''uniqchat_app'')', t);
    END LOOP;
    CREATE POLICY one_tenant ON search_buckets TO uniqchat_search USING (tenant = decode(current_setting('uniqchat.tenant', true), 'hex'));
    CREATE POLICY words ON search TO uniqchat_search USING (true);
    -- A policy is for the members of its role, too, and the owner is one: it could not have given the functions away otherwise.
    EXECUTE format('CREATE POLICY held ON search AS RESTRICTIVE TO %I USING (current_setting(''uniqchat.system'', true) = ''on'')', current_user);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO uniqchat_search', current_schema());
    GRANT SELECT ON search, search_buckets TO uniqchat_search;
    FOREACH f IN ARRAY ARRAY['search_newest(TEXT[], BIGINT, BYTEA, INTEGER)', 'search_among(TEXT[], BYTEA[])'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', f, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO uniqchat_app', f);
        EXECUTE format('ALTER FUNCTION %s OWNER TO uniqchat_search', f);
    END LOOP;
    EXECUTE format('ALTER FUNCTION search_enqueue() SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM uniqchat_search', current_schema());
END $$;
-- +goose StatementEnd
