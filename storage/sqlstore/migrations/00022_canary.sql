-- A new version of what a tenant knows may be tried by a share of the conversations first (docs/adr/0047-a-canary-for-knowledge.md).

-- +goose Up
-- How the next version is tried: see chat.CanaryPlan. plan_micros is for how long.
ALTER TABLE knowledge_states ADD COLUMN plan_percent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN plan_micros BIGINT NOT NULL DEFAULT 0;
-- What is being tried: see chat.KnowledgeCanary. canary is its version; 0: none.
ALTER TABLE knowledge_states ADD COLUMN canary BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN canary_percent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN canary_began BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN canary_ends BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN old_asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN old_open BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN new_asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE knowledge_states ADD COLUMN new_open BIGINT NOT NULL DEFAULT 0;
CREATE INDEX knowledge_states_canary ON knowledge_states (tenant) WHERE canary > 0;
