-- +goose Up

-- For third parties that cannot read a JWKS. The keys are encrypted under the master secret; the next one
-- signs from a time. The claims are JSON, kept as text so that numbers and order stay as they were given.
ALTER TABLE clients ADD COLUMN token_algorithm text NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN token_key bytea;
ALTER TABLE clients ADD COLUMN next_token_key bytea;
ALTER TABLE clients ADD COLUMN next_token_key_from timestamptz;
ALTER TABLE clients ADD COLUMN claims text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE clients DROP COLUMN claims;
ALTER TABLE clients DROP COLUMN next_token_key_from;
ALTER TABLE clients DROP COLUMN next_token_key;
ALTER TABLE clients DROP COLUMN token_key;
ALTER TABLE clients DROP COLUMN token_algorithm;
