package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/store/coalesce"
)

// maxWrites is the largest number of changes in one commit.
const maxWrites = 64

// write is a change that waits for the writer.
type write struct {
	do     func(*writeTx) error
	urgent bool
	sync   bool // must survive a power failure
}

type (
	writer    = coalesce.Group[write, struct{}]
	writeCall = coalesce.Call[write, struct{}]
)

// newWriter returns the one writer of the file. Changes that arrive during a commit share the next one, so
// that the disk does not have to confirm each by itself.
func (s *Store) newWriter() *writer {
	urgent := func(w write) bool { return w.urgent }
	return coalesce.New(coalesce.Options[write]{Flights: 1, Batch: maxWrites, Settle: true, Urgent: urgent}, s.writeBatch,
		func(ctx context.Context, w write) (struct{}, error) {
			return struct{}{}, s.transaction(ctx, w.sync, w.do)
		})
}

// inTx runs do in a write transaction, which may have other changes as well. An error of do rolls back its
// own change only. do may be called again after a transaction that failed, and must not depend on what it
// did then. No statement is interrupted when ctx ends, which would roll back the other changes, but none is
// begun after that.
func (s *Store) inTx(ctx context.Context, do func(*writeTx) error) error {
	_, err := s.writes.Do(ctx, write{do: do, urgent: true, sync: true})
	return translate(ctx, err)
}

// inTxLater is inTx for changes that may wait for those of inTx: events of failures, purges, statistics and retries. A flood
// of wrong passwords causes many of the first.
func (s *Store) inTxLater(ctx context.Context, do func(*writeTx) error) error {
	_, err := s.writes.Do(ctx, write{do: do, sync: true})
	return translate(ctx, err)
}

// inTxAsync is inTxLater for changes that do not wait for the disk: counted attempts and known networks. A power failure
// may lose those since the last commit of the others, which is harmless. A crash of the program loses none
// (https://sqlite.org/pragma.html#pragma_synchronous).
func (s *Store) inTxAsync(ctx context.Context, do func(*writeTx) error) error {
	_, err := s.writes.Do(ctx, write{do: do})
	return translate(ctx, err)
}

// writeBatch makes several changes in one transaction, each with its own savepoint. If the transaction
// fails, it answers none of them.
func (s *Store) writeBatch(calls []*writeCall) {
	results := make([]error, len(calls))
	sync := slices.ContainsFunc(calls, func(c *writeCall) bool { return c.In.sync })
	err := s.transaction(context.Background(), sync, func(tx *writeTx) error {
		for i, c := range calls {
			var err error
			if results[i], err = tx.guarded(c.In.do); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return
	}
	for i, c := range calls {
		c.Answer(struct{}{}, results[i])
	}
}

// transaction runs do in a transaction, whose commit waits for the disk if sync is set. An error of do rolls it back.
func (s *Store) transaction(ctx context.Context, sync bool, do func(*writeTx) error) error {
	if err := s.lockWriter(ctx); err != nil {
		return err
	}
	defer s.unlockWriter()
	ctx = context.WithoutCancel(ctx)
	defer s.writeStatements.prepareWanted(ctx)
	if err := s.setSync(ctx, sync); err != nil {
		return err
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit; before it, the error of do matters
	s.changes.reset()
	if err := do(&writeTx{tx: tx, statements: s.writeStatements}); err != nil {
		return err
	}
	return s.commit(ctx, tx.Commit)
}

// lockWriter waits until nobody else uses the connection that writes. After a nil error the caller must unlock it.
func (s *Store) lockWriter(ctx context.Context) error {
	select {
	case s.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) unlockWriter() { <-s.writing }

// With the first setting a commit waits for the disk, with the second it leaves that to the next one that does. SQLite
// applies them when it compiles the statement, so they cannot be prepared.
const (
	syncOn  = `PRAGMA synchronous = FULL`
	syncOff = `PRAGMA synchronous = NORMAL`
)

// setSync makes the following commits wait for the disk, or not. Its caller holds s.writing.
func (s *Store) setSync(ctx context.Context, on bool) error {
	if on == !s.async {
		return nil
	}
	setting := syncOff
	if on {
		setting = syncOn
	}
	_, err := s.writer.ExecContext(ctx, setting)
	s.async = !on || err != nil
	return err
}

// writeTx is a transaction of the writer.
type writeTx struct {
	tx         *sql.Tx
	statements *statements
}

// The statements around a change in a batch. Savepoints are not nested, so they need only one name.
const (
	setSavepoint      = `SAVEPOINT change`
	rollbackSavepoint = `ROLLBACK TO change`
	releaseSavepoint  = `RELEASE change`
)

// guarded runs do and undoes its changes if it fails. failed is the error of do; err means that the
// transaction does not exist any more.
func (t *writeTx) guarded(do func(*writeTx) error) (failed, err error) {
	ctx := context.Background()
	if _, err := t.ExecContext(ctx, setSavepoint); err != nil {
		return nil, err
	}
	if failed = do(t); failed != nil {
		_, err = t.ExecContext(ctx, rollbackSavepoint)
	}
	_, released := t.ExecContext(ctx, releaseSavepoint)
	return failed, errors.Join(err, released)
}

// ExecContext runs a statement unless ctx has ended. It is not interrupted when ctx ends.
func (t *writeTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if stmt := t.prepared(ctx, query); stmt != nil { //nolint:sqlclosecheck // closed with the pool
		return stmt.ExecContext(ctx, args...)
	}
	return t.tx.ExecContext(ctx, query, args...)
}

// QueryContext runs a query unless ctx has ended. It is not interrupted when ctx ends.
func (t *writeTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if stmt := t.prepared(ctx, query); stmt != nil { //nolint:sqlclosecheck // closed with the pool
		return stmt.QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

// prepared returns the prepared statement of a text, or nil if there is none yet.
func (t *writeTx) prepared(ctx context.Context, query string) *sql.Stmt {
	if stmt := t.statements.find(query); stmt != nil {
		return t.tx.StmtContext(ctx, stmt)
	}
	t.statements.want(query)
	return nil
}
