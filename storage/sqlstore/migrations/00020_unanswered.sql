-- A question that nothing answered goes with the conversation that it was asked in last.

-- +goose Up
ALTER TABLE knowledge_unanswered ADD COLUMN conv {bytes};
CREATE INDEX knowledge_unanswered_conv ON knowledge_unanswered (tenant, conv) WHERE conv IS NOT NULL;
