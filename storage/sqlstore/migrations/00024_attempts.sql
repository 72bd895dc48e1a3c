-- A refresh whose answer was lost can be asked for again by who began it.

-- +goose Up
-- SHA-256 of what the client made up for the exchange, if it did; when the token was first taken; and, of one that was given for
-- another, which. used without taken_at: its answer was given anew, nobody may use it.
ALTER TABLE refresh_tokens ADD COLUMN attempt {bytes};
ALTER TABLE refresh_tokens ADD COLUMN taken_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refresh_tokens ADD COLUMN given_for {bytes};
