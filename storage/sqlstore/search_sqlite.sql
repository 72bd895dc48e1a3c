-- Part of 00002 on SQLite (docs/adr/0010-full-text.md). The row of a message is its doc: when it was sent, in ms since 1970,
-- times 2^20, and a number to tell apart; so that the newest is the last one. Tokens come made, in letters and digits; each has its
-- tenant's mark in front.
CREATE VIRTUAL TABLE search USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii');
CREATE TABLE search_docs (
    doc    INTEGER NOT NULL PRIMARY KEY,
    tenant BLOB NOT NULL,
    conv   BLOB NOT NULL,
    seq    BIGINT NOT NULL
);
