-- A tenant is told how often a day's budget had no room for a call.

-- +goose Up
-- Calls that were not made.
ALTER TABLE ai_usage ADD COLUMN refused BIGINT NOT NULL DEFAULT 0;
