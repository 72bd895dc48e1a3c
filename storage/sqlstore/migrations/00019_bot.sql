-- What answering visitors takes: questions that wait for a bot, engines, what became of questions, and what was used
-- (docs/adr/0039-bot-jobs-in-rows.md). How a bot is set up is a record.

-- +goose Up
-- The question of each conversation that a bot is to answer. attempt counts the claims of this question.
CREATE TABLE bot_jobs (
    tenant       {bytes} NOT NULL,
    conv         {bytes} NOT NULL,
    message      {bytes} NOT NULL,
    seq          BIGINT NOT NULL,
    asked_at     BIGINT NOT NULL,
    attempt      BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (tenant, conv)
){key table};
CREATE INDEX bot_jobs_due ON bot_jobs (tenant, due_at);

-- Times are in microseconds, prices for a million tokens.
CREATE TABLE ai_engines (
    tenant           {bytes} NOT NULL,
    id               {bytes} NOT NULL,
    name             TEXT NOT NULL,
    base_url         TEXT NOT NULL,
    model            TEXT NOT NULL,
    enabled          SMALLINT NOT NULL,
    position         BIGINT NOT NULL,
    prompt_price     DOUBLE PRECISION NOT NULL,
    completion_price DOUBLE PRECISION NOT NULL,
    first_token      BIGINT NOT NULL,
    total            BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    api_key          TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};
CREATE UNIQUE INDEX ai_engines_name ON ai_engines (tenant, name);

-- conv and message are NULL where no visitor has asked.
CREATE TABLE ai_traces (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    conv       {bytes},
    message    {bytes},
    created_at BIGINT NOT NULL,
    outcome    TEXT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX ai_traces_conv ON ai_traces (tenant, conv, id) WHERE conv IS NOT NULL;
CREATE INDEX ai_traces_old ON ai_traces (created_at);

-- day counts from 1970, UTC.
CREATE TABLE ai_usage (
    tenant {bytes} NOT NULL,
    day    BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    money  DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (tenant, day)
){key table};

{bot parts}
