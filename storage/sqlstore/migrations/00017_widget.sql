-- How a site wants its widget: see chat.Widget.

-- +goose Up
ALTER TABLE site_keys ADD COLUMN widget {json} NOT NULL DEFAULT '{}';
