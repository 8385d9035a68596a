-- +goose Up

-- One row, which tells this database from every other one. It has no count of changes, as that of
-- SQLite has: all transactions would wait for this row.
CREATE TABLE instance (
    one       boolean     NOT NULL DEFAULT TRUE CONSTRAINT instance_pkey PRIMARY KEY CONSTRAINT instance_one_check CHECK (one),
    id        uuid        NOT NULL,
    probed_at timestamptz NOT NULL
);
INSERT INTO instance (id, probed_at) VALUES (gen_random_uuid(), now());

-- +goose Down
DROP TABLE instance;
