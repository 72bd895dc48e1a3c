-- Part of 00014 on PostgreSQL: a job's, of the system.
ALTER TABLE retention_marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE retention_marks FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON retention_marks USING (current_setting('uniqchat.system', true) = 'on' AND current_user <> 'uniqchat_app');
