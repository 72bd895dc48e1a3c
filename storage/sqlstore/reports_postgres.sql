-- Part of 00012 on PostgreSQL: a tenant reads its own sums, and only the system adds to them; its exports are its own.

-- +goose StatementBegin
DO $$
BEGIN
    ALTER TABLE report_counts SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02);
    ALTER TABLE report_counts ENABLE ROW LEVEL SECURITY;
    ALTER TABLE report_counts FORCE ROW LEVEL SECURITY;
    CREATE POLICY one_tenant ON report_counts TO uniqchat_app USING (tenant = decode(current_setting('uniqchat.tenant', true), 'hex'));
    CREATE POLICY system ON report_counts USING (current_setting('uniqchat.system', true) = 'on' AND current_user <> 'uniqchat_app');
    GRANT SELECT ON report_counts TO uniqchat_app;
    ALTER TABLE exports ENABLE ROW LEVEL SECURITY;
    ALTER TABLE exports FORCE ROW LEVEL SECURITY;
    CREATE POLICY one_tenant ON exports TO uniqchat_app USING (tenant = decode(current_setting('uniqchat.tenant', true), 'hex'));
    CREATE POLICY system ON exports USING (current_setting('uniqchat.system', true) = 'on' AND current_user <> 'uniqchat_app');
    GRANT SELECT, INSERT, UPDATE, DELETE ON exports TO uniqchat_app;
END $$;
-- +goose StatementEnd
