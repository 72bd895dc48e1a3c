-- Part of 00014 on PostgreSQL: keys are the system's business, whatever tenant a transaction works for.
CREATE INDEX visitors_external ON visitors (tenant, external_print) WHERE external_print <> '';
-- +goose StatementBegin
DO $$
DECLARE
    t TEXT;
BEGIN
    FOREACH t IN ARRAY ARRAY['tenant_keys', 'seal_progress'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''uniqchat.system'', true) = ''on'' AND current_user <> ''uniqchat_app'')', t);
    END LOOP;
END $$;
-- +goose StatementEnd
