package store

import (
	"context"
	"fmt"
	"path"

	"github.com/latchkey-auth/latchkey/migrations"
)

// The table schema_versions says which programs may run on each version of the schema. A program reads there
// what it cannot know: whether a newer schema admits it. Like the table of goose it belongs to no migration,
// and it has rows for versions before they are applied, so that applying one is still a single transaction.
const admissionsTable = `CREATE TABLE IF NOT EXISTS schema_versions (version bigint NOT NULL PRIMARY KEY, admits bigint NOT NULL)`

func (s Migration) hasAdmissions(ctx context.Context) (bool, error) {
	var n int
	err := s.DB.QueryRowContext(ctx, s.HasTable, "schema_versions").Scan(&n)
	return n > 0, err
}

// recordAdmissions records what the program's migrations state, unless that has been done.
func (s Migration) recordAdmissions(ctx context.Context) error {
	recorded, err := s.hasAdmissions(ctx)
	if err != nil {
		return err
	}
	sources, known := s.ListSources(), 0
	if recorded {
		if err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM schema_versions`).Scan(&known); err != nil {
			return err
		}
	} else if _, err := s.DB.ExecContext(ctx, admissionsTable); err != nil {
		return err
	}
	if known >= len(sources) {
		return nil
	}
	for _, source := range sources {
		admits, err := migrations.Admits(s.Files, path.Base(source.Path), source.Version)
		if err != nil {
			return err
		}
		insert := fmt.Sprintf(`INSERT INTO schema_versions (version, admits) VALUES (%d, %d) ON CONFLICT DO NOTHING`, source.Version, admits)
		if _, err := s.DB.ExecContext(ctx, insert); err != nil {
			return err
		}
	}
	return nil
}

// forgetAdmission removes the row of a version that was rolled back.
func (s Migration) forgetAdmission(ctx context.Context, version int64) error {
	recorded, err := s.hasAdmissions(ctx)
	if err != nil || !recorded {
		return err
	}
	_, err = s.DB.ExecContext(ctx, fmt.Sprintf(`DELETE FROM schema_versions WHERE version = %d`, version))
	return err
}
