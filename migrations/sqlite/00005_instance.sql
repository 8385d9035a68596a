-- +goose Up

-- One row, which tells this database from every other one. changes only grows: a database that has
-- fewer changes than were recorded elsewhere has lost some.
CREATE TABLE instance (
    one       INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id        TEXT    NOT NULL,
    changes   INTEGER NOT NULL,
    probed_at INTEGER NOT NULL
) STRICT;
INSERT INTO instance VALUES (1, lower(hex(randomblob(16))), 0, 0);

-- +goose StatementBegin
CREATE TRIGGER instance_changes AFTER INSERT ON audit_events BEGIN
    UPDATE instance SET changes = changes + 1;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER instance_changes;
DROP TABLE instance;
