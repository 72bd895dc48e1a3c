-- A version of what a tenant knows may have been tried and never put in use: it is not what is gone back to.

-- +goose Up
-- 1: it has been in use. What is kept so far counts as used.
ALTER TABLE knowledge_versions ADD COLUMN used SMALLINT NOT NULL DEFAULT 1;
