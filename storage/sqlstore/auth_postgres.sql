-- Part of 00003 on PostgreSQL: a tenant's transaction sees its own rows, as in 00001. Tokens of the platform are of no
-- tenant, so no tenant's transaction sees or makes one.
-- +goose StatementBegin
DO $$
DECLARE
    t TEXT;
BEGIN
    FOREACH t IN ARRAY ARRAY['api_tokens', 'second_factors', 'recovery_codes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY one_tenant ON %I TO uniqchat_app USING (tenant = decode(current_setting(''uniqchat.tenant'', true), ''hex''))', t);
        EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''uniqchat.system'', true) = ''on'' AND current_user <> ''uniqchat_app'')', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO uniqchat_app', t);
    END LOOP;
END $$;
-- +goose StatementEnd
