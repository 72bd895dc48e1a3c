-- Part of 00005 on PostgreSQL: a tenant's transaction sees its own rows, as in 00001. The version is no tenant's, and says nothing
-- but that something has changed.
ALTER TABLE webhook_deliveries SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE webhook_version SET (fillfactor = 10);
ALTER TABLE webhook_sequences SET (fillfactor = 50);
GRANT SELECT, UPDATE ON webhook_version TO uniqchat_app;
-- +goose StatementBegin
DO $$
DECLARE
    t TEXT;
BEGIN
    FOREACH t IN ARRAY ARRAY['webhooks', 'webhook_sequences', 'webhook_events', 'webhook_deliveries', 'webhook_attempts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY one_tenant ON %I TO uniqchat_app USING (tenant = decode(current_setting(''uniqchat.tenant'', true), ''hex''))', t);
        EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''uniqchat.system'', true) = ''on'' AND current_user <> ''uniqchat_app'')', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO uniqchat_app', t);
    END LOOP;
END $$;
-- +goose StatementEnd
