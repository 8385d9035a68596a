package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// TutorialPrefix is put before the names of the tutorial's tables when Latchkey takes their names.
const TutorialPrefix = "tutorial_"

// Tutorial is where the tables of the Full Stack Book tutorial are: users, roles and users_to_roles, with
// sequential ids.
type Tutorial struct {
	Database, Schema string
	Prefix           string // TutorialPrefix if the tables have been renamed, otherwise empty
	InPlace          bool   // they are in the schema that Latchkey uses
}

// Source identifies the tables in adopted_users.
func (t Tutorial) Source() string { return t.Database + "." + t.Schema }

func (t Tutorial) table(name string) string {
	return pgx.Identifier{t.Schema, t.Prefix + name}.Sanitize()
}

// Latchkey's own users do not match: their id is a UUID.
const findTutorial = `
	SELECT current_database(), s.name, p.prefix, s.name = current_schema()
	FROM unnest(current_schemas(false)) WITH ORDINALITY AS s (name, place)
	CROSS JOIN (VALUES ('` + TutorialPrefix + `'), ('')) AS p (prefix)
	CROSS JOIN (VALUES ('users', 'id', TRUE), ('users', 'username', FALSE), ('users', 'email', FALSE), ('users', 'password', FALSE),
		('roles', 'id', TRUE), ('roles', 'name', FALSE), ('users_to_roles', 'user_id', TRUE), ('users_to_roles', 'role_id', TRUE)) AS n (tab, col, num)
	JOIN information_schema.columns c ON c.table_schema = s.name AND c.table_name = p.prefix || n.tab AND c.column_name = n.col
		AND (NOT n.num OR c.data_type IN ('smallint', 'integer', 'bigint'))
	GROUP BY s.name, s.place, p.prefix HAVING count(*) = 8 ORDER BY s.place, p.prefix DESC LIMIT 1`

// FindTutorial looks for the tutorial's tables in the schemas of the search_path. fault.ErrNotFound:
// there are none.
func (s *Store) FindTutorial(ctx context.Context) (Tutorial, error) {
	return queryOne(ctx, s, pgx.RowToStructByPos[Tutorial], findTutorial)
}

// HasAccounts reports whether the schema has Latchkey's tables. It changes nothing, unlike Status.
func (s *Store) HasAccounts(ctx context.Context) (bool, error) {
	return queryOne(ctx, s, pgx.RowTo[bool], `SELECT EXISTS (SELECT FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = 'users' AND column_name = 'username_key')`)
}

// PrepareAdoption makes room for Latchkey's tables and creates them. goose needs transactions of its own,
// so these are two steps; after an interruption between them, the next call finds the renamed tables and
// continues. If the second step fails, the tables get their names back.
func (s *Store) PrepareAdoption(ctx context.Context, t *Tutorial) error {
	if t.InPlace && t.Prefix == "" {
		if err := s.renameTutorial(ctx, *t, TutorialPrefix); err != nil {
			return err
		}
		t.Prefix = TutorialPrefix
	}
	_, err := s.Up(ctx)
	if err == nil {
		_, err = s.exec(ctx, createAdoptedUsers)
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if created, e := s.HasAccounts(ctx); e == nil && !created && t.InPlace {
		err = errors.Join(err, s.renameTutorial(ctx, *t, ""))
	}
	return err
}

// An index has a name in the schema, as a table has, and the constraint of an index has the same name.
const renameStatements = `
	SELECT format('ALTER %s %I.%I RENAME TO %I', CASE WHEN c.relkind IN ('i', 'I') THEN 'INDEX' ELSE 'TABLE' END, n.nspname, c.relname,
		left($4 || substr(c.relname, CASE WHEN starts_with(c.relname, $3) THEN length($3) ELSE 0 END + 1), 63))
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = $1 AND (c.relkind IN ('r', 'p') AND c.relname = ANY($2::text[]) OR c.oid IN (
		SELECT i.indexrelid FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
		WHERE t.relnamespace = n.oid AND t.relkind IN ('r', 'p') AND t.relname = ANY($2::text[])))`

// renameTutorial renames the tables and their indexes in one transaction. Of two callers, the second
// one finds that it is done.
func (s *Store) renameTutorial(ctx context.Context, t Tutorial, prefix string) error {
	return s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('latchkey adopts ' || $1, 0))`, t.Schema); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, findTutorial)
		now, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Tutorial])
		if err != nil || now != t {
			return err
		}
		names := []string{t.Prefix + "users", t.Prefix + "roles", t.Prefix + "users_to_roles"}
		rows, _ = tx.Query(ctx, renameStatements, t.Schema, names, t.Prefix, prefix)
		statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// TutorialRole is a role of the tutorial and how many users have it.
type TutorialRole struct {
	Name  string
	Users int64
}

// TutorialRoles returns the roles by name.
func (s *Store) TutorialRoles(ctx context.Context, t Tutorial) ([]TutorialRole, error) {
	return queryAll(ctx, s, pgx.RowToStructByPos[TutorialRole], `
		SELECT r.name::text, count(m.user_id) FROM `+t.table("roles")+` r LEFT JOIN `+t.table("users_to_roles")+` m ON m.role_id = r.id
		WHERE r.name IS NOT NULL GROUP BY 1 ORDER BY 1`)
}

// CountTutorialUsers returns the number of users.
func (s *Store) CountTutorialUsers(ctx context.Context, t Tutorial) (int64, error) {
	return queryOne(ctx, s, pgx.RowTo[int64], `SELECT count(*) FROM `+t.table("users"))
}

// TutorialUser is a user of the tutorial.
type TutorialUser struct {
	ID                        int64
	Username, Email, Password string // empty if they are NULL
	Roles                     []string
}

// TutorialUsers returns at most limit users after an id, by id. The users_to_roles of SQLAlchemy may have
// no index, so they are read once for a page and not once for a user.
func (s *Store) TutorialUsers(ctx context.Context, t Tutorial, after int64, limit int) ([]TutorialUser, error) {
	return queryAll(ctx, s, pgx.RowToStructByPos[TutorialUser], `
		WITH page AS MATERIALIZED (SELECT * FROM `+t.table("users")+` WHERE id > $1::bigint ORDER BY id LIMIT $2)
		SELECT p.id::bigint, coalesce(min(p.username::text), ''), coalesce(min(p.email::text), ''), coalesce(min(p.password::text), ''),
			coalesce(array_agg(DISTINCT r.name::text) FILTER (WHERE r.name IS NOT NULL), '{}')
		FROM page p LEFT JOIN `+t.table("users_to_roles")+` m ON m.user_id = p.id LEFT JOIN `+t.table("roles")+` r ON r.id = m.role_id
		GROUP BY p.id ORDER BY p.id`, after, limit)
}

// A row without adopted_at is reserved for a user who may not exist yet. user_id refers to nothing: a
// user who is deleted after the adoption must not be adopted again.
const createAdoptedUsers = `CREATE TABLE IF NOT EXISTS adopted_users (
	source text NOT NULL, old_id bigint NOT NULL, user_id uuid NOT NULL UNIQUE, adopted_at timestamptz, PRIMARY KEY (source, old_id))`

// AdoptedUser is the user that a user of the tutorial has become, or will become unless Done.
type AdoptedUser struct {
	OldID int64
	ID    string
	Done  bool
}

// ReserveAdoptions chooses the ids of users who have none yet.
func (s *Store) ReserveAdoptions(ctx context.Context, t Tutorial, oldIDs []int64) error {
	_, err := s.exec(ctx, `INSERT INTO adopted_users (source, old_id, user_id)
		SELECT $1, old_id, gen_random_uuid() FROM unnest($2::bigint[]) AS old_id ON CONFLICT DO NOTHING`, t.Source(), oldIDs)
	return err
}

// Adoptions returns what is stored of some users. Before the first adoption that is nothing.
func (s *Store) Adoptions(ctx context.Context, t Tutorial, oldIDs []int64) ([]AdoptedUser, error) {
	found, err := queryAll(ctx, s, pgx.RowToStructByPos[AdoptedUser], `SELECT old_id, user_id::text, adopted_at IS NOT NULL FROM adopted_users
		WHERE source = $1 AND old_id = ANY($2::bigint[])`, t.Source(), oldIDs)
	if code(err) == "42P01" { // undefined_table
		return nil, nil
	}
	return found, err
}

// FinishAdoptions marks users as adopted and forgets the reservations of those who failed.
func (s *Store) FinishAdoptions(ctx context.Context, t Tutorial, adopted, failed []int64) error {
	_, err := s.exec(ctx, `WITH failed AS (DELETE FROM adopted_users WHERE source = $1 AND old_id = ANY($3::bigint[]) AND adopted_at IS NULL)
		UPDATE adopted_users SET adopted_at = now() WHERE source = $1 AND old_id = ANY($2::bigint[]) AND adopted_at IS NULL`,
		t.Source(), adopted, failed)
	return err
}
