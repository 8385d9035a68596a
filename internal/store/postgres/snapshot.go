package postgres

import (
	"github.com/jackc/pgx/v5"
)

// snapshotVersion identifies the snapshot of a statement: statements with the same snapshot see the same rows. After a
// failover another server answers, which started at another time. After a crash a server may use the numbers of lost
// transactions again, but hardly at the same position of the log. A standby does not list the transactions in
// progress, so there the snapshot is never the same.
const snapshotVersion = `concat_ws(' ', pg_current_snapshot(), pg_postmaster_start_time(),
	CASE WHEN pg_is_in_recovery() THEN clock_timestamp()::text ELSE pg_current_wal_insert_lsn()::text END)`

// ifNewer returns a statement that has the rows of a query, which ends with a condition, only if its snapshot is
// another one than $2. Each row begins with the snapshot; there is always one.
func ifNewer(query string) string {
	return `WITH v AS MATERIALIZED (SELECT ` + snapshotVersion + ` AS version)
		SELECT v.version, r.* FROM v LEFT JOIN (` + query + ` AND (SELECT version FROM v) <> $2) r ON TRUE`
}

// versioned is a row of ifNewer.
type versioned[R any] struct {
	version string
	row     *R // nil: there is none
}

func scanVersioned[R any](scan pgx.RowToFunc[R]) pgx.RowToFunc[versioned[R]] {
	return func(row pgx.CollectableRow) (v versioned[R], err error) {
		err = leadingColumns{row}.Scan(&v.version)
		if noRow := row.RawValues()[1] == nil; err != nil || noRow { // the second column is the id
			return v, err
		}
		r, err := scan(trailingColumns{row})
		v.row = &r
		return v, err
	}
}
