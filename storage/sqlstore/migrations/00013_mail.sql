-- Mail on its way out, the links in it, what visitors left when nobody was there, and what was promised to whom by when.

-- +goose Up
-- state: 0 queued, 1 sent, 2 given up. What a mail says is not here: see chat.Mail.
CREATE TABLE mails (
    tenant       {bytes} NOT NULL,
    id           {bytes} NOT NULL,
    kind         TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    locale       TEXT NOT NULL,
    link         {bytes},
    conv         {bytes},
    offline      {bytes},
    state        SMALLINT NOT NULL,
    attempt      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    done_at      BIGINT NOT NULL,
    error        TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
){key table};
CREATE INDEX mails_due ON mails (due_at) WHERE state = 0;
CREATE INDEX mails_done ON mails (done_at) WHERE state <> 0;

-- A link is found by its token's hash, before anyone knows whose it is.
CREATE TABLE mail_links (
    hash        {bytes} NOT NULL PRIMARY KEY,
    tenant      {bytes} NOT NULL,
    id          {bytes} NOT NULL,
    agent       {bytes} NOT NULL,
    purpose     TEXT NOT NULL,
    signing_key TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT NOT NULL
){key table};
CREATE UNIQUE INDEX mail_links_id ON mail_links (tenant, id);
CREATE INDEX mail_links_agent ON mail_links (tenant, agent) WHERE used_at = 0;
CREATE INDEX mail_links_expires ON mail_links (expires_at);

-- Who asked for a reset, before anyone knows whether there is an account. The system's alone.
CREATE TABLE mail_requests (
    id           {bytes} NOT NULL PRIMARY KEY,
    email        TEXT NOT NULL,
    slug         TEXT NOT NULL,
    locale       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    leased_until BIGINT NOT NULL
){key table};

-- What was said is in the conversation: message.
CREATE TABLE offline_messages (
    tenant     {bytes} NOT NULL,
    id         {bytes} NOT NULL,
    conv       {bytes} NOT NULL,
    message    {bytes} NOT NULL,
    visitor    {bytes} NOT NULL,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    done_at    BIGINT NOT NULL,
    done_by    {bytes},
    PRIMARY KEY (tenant, id)
){key table};
CREATE UNIQUE INDEX offline_messages_message ON offline_messages (tenant, conv, message);
CREATE INDEX offline_messages_open ON offline_messages (tenant, id) WHERE done_at = 0;

-- When a conversation is to be looked at again for a promise: see chat.SLATimers.
CREATE TABLE sla_timers (
    tenant {bytes} NOT NULL,
    conv   {bytes} NOT NULL,
    target TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, conv, target)
){key table};

-- Who has made promises.
CREATE INDEX records_kind ON records (kind, tenant);

{mail security}
