-- The audit log: chains of entries, and where each stands. See docs/audit.md. The platform's chain is the tenant of zeros.

-- +goose Up
CREATE TABLE audit_entries (
    tenant      {bytes} NOT NULL,
    seq         BIGINT NOT NULL,
    id          {bytes} NOT NULL,
    at          BIGINT NOT NULL,
    actor_kind  TEXT NOT NULL,
    actor_id    TEXT NOT NULL,
    actor_name  TEXT NOT NULL,
    address     TEXT NOT NULL,
    request     TEXT NOT NULL,
    action      TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id   TEXT NOT NULL,
    target_name TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    details     TEXT NOT NULL, -- JSON, byte for byte what was hashed
    prev        {bytes} NOT NULL,
    hash        {bytes} NOT NULL,
    sign_key    TEXT NOT NULL,
    signature   {bytes} NOT NULL,
    PRIMARY KEY (tenant, seq)
){key table};
CREATE INDEX audit_entries_actor ON audit_entries (tenant, actor_id, seq);
CREATE INDEX audit_entries_action ON audit_entries (tenant, action, seq);
CREATE INDEX audit_entries_target ON audit_entries (tenant, target_id, seq);

CREATE TABLE audit_heads (
    tenant         {bytes} NOT NULL PRIMARY KEY,
    seq            BIGINT NOT NULL,
    hash           {bytes} NOT NULL,
    sign_key       TEXT NOT NULL,
    signature      {bytes} NOT NULL,
    at             BIGINT NOT NULL,
    base_seq       BIGINT NOT NULL DEFAULT 0,
    base_hash      {bytes} NOT NULL,
    base_key       TEXT NOT NULL DEFAULT '',
    base_signature {bytes} NOT NULL
){key table};
CREATE INDEX audit_heads_at ON audit_heads (at);

-- Whose a log-in is, when it ends.
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);

{audit security}
