-- Part of 00021 on PostgreSQL: a tenant sees its own rows, and the system all.

-- +goose StatementBegin
DO $$
DECLARE
    t TEXT;
BEGIN
    FOREACH t IN ARRAY ARRAY['ai_intents', 'ai_intent_states'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY one_tenant ON %I TO uniqchat_app USING (tenant = decode(current_setting(''uniqchat.tenant'', true), ''hex''))', t);
        EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''uniqchat.system'', true) = ''on'' AND current_user <> ''uniqchat_app'')', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO uniqchat_app', t);
    END LOOP;
END $$;
-- +goose StatementEnd
