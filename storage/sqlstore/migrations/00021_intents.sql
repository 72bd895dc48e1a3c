-- What tenants teach their bots: intents with their examples, and how training stands to them (docs/adr/0044-own-intents.md).

-- +goose Up
-- about is JSON of the description and the reply, examples JSON of sentences, vectors what whoever trains keeps of them.
CREATE TABLE ai_intents (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    name       TEXT NOT NULL,
    action     TEXT NOT NULL,
    team       {bytes} NOT NULL,
    count      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    about      TEXT NOT NULL,
    examples   TEXT NOT NULL,
    vectors    TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX ai_intents_name ON ai_intents (tenant, name);

-- See chat.IntentState. Its row is held by whoever changes any intent.
CREATE TABLE ai_intent_states (
    tenant   {bytes} NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    trained  BIGINT NOT NULL,
    due_at   BIGINT NOT NULL,
    holder   {bytes},
    until    BIGINT NOT NULL,
    report   TEXT NOT NULL
){key table};
CREATE INDEX ai_intent_states_due ON ai_intent_states (due_at) WHERE revision > trained;

{intent parts}
