-- What is shown of messages that were edited or recalled. The messages themselves stay as they were sent.

-- +goose Up
CREATE TABLE revisions (
    tenant  {bytes} NOT NULL,
    conv    {bytes} NOT NULL,
    seq     BIGINT NOT NULL, -- of the message
    revised BIGINT NOT NULL, -- seq of the system message that said it last
    body    TEXT,            -- what is shown instead; NULL if the message was recalled
    PRIMARY KEY (tenant, conv, seq)
){key table};
{revisions parts}
