-- +goose Up

-- For third parties that cannot read a JWKS. The keys are encrypted under the master secret; the next one
-- signs from a time. The claims are JSON, or '' for none.
ALTER TABLE clients ADD COLUMN token_algorithm TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN token_key BLOB;
ALTER TABLE clients ADD COLUMN next_token_key BLOB;
ALTER TABLE clients ADD COLUMN next_token_key_from INTEGER;
ALTER TABLE clients ADD COLUMN claims TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE clients DROP COLUMN claims;
ALTER TABLE clients DROP COLUMN next_token_key_from;
ALTER TABLE clients DROP COLUMN next_token_key;
ALTER TABLE clients DROP COLUMN token_key;
ALTER TABLE clients DROP COLUMN token_algorithm;
