-- Part of 00007 on PostgreSQL: kept to its tenant like the messages, and whoever writes it has the message indexed anew.
-- +goose StatementBegin
CREATE FUNCTION search_requeue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO search_queue (tenants, convs, seqs) VALUES (ARRAY[NEW.tenant], ARRAY[NEW.conv], ARRAY[NEW.seq]);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER search_requeue AFTER INSERT OR UPDATE ON revisions FOR EACH ROW EXECUTE FUNCTION search_requeue();
-- +goose StatementBegin
DO $$
BEGIN
    ALTER TABLE revisions ENABLE ROW LEVEL SECURITY;
    ALTER TABLE revisions FORCE ROW LEVEL SECURITY;
    CREATE POLICY one_tenant ON revisions TO uniqchat_app USING (tenant = decode(current_setting('uniqchat.tenant', true), 'hex'));
    CREATE POLICY system ON revisions USING (current_setting('uniqchat.system', true) = 'on' AND current_user <> 'uniqchat_app');
    GRANT SELECT, INSERT, UPDATE, DELETE ON revisions TO uniqchat_app;
    EXECUTE format('ALTER FUNCTION search_requeue() SET search_path = %I, pg_temp', current_schema());
END $$;
-- +goose StatementEnd
