-- Part of 00011 on PostgreSQL: a tenant sees and appends its own entries. It may neither change nor remove one: pruning is the system's.
-- +goose StatementBegin
DO $$
DECLARE
    t TEXT;
BEGIN
    FOREACH t IN ARRAY ARRAY['audit_entries', 'audit_heads'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY one_tenant ON %I TO uniqchat_app USING (tenant = decode(current_setting(''uniqchat.tenant'', true), ''hex''))', t);
        EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''uniqchat.system'', true) = ''on'' AND current_user <> ''uniqchat_app'')', t);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO uniqchat_app', t);
    END LOOP;
    GRANT UPDATE ON audit_heads TO uniqchat_app;
END $$;
-- +goose StatementEnd
