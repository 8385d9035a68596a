package sqlite

import (
	"context"
	"database/sql/driver"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/latchkey-auth/latchkey/internal/store/snapshot"
)

// changes are the remembered rows that a transaction of the writer may have changed. SQLite itself reports each row that
// it is about to insert, update or delete, whatever statement, trigger or foreign key is the reason
// (https://sqlite.org/c3ref/preupdate_count.html). Only the holder of the writer's connection may use them.
type changes struct {
	sessions, clients, users snapshot.Changes
	newUsers                 map[string]struct{} // ids
}

// unrelatedTables are the tables that no remembered row is read from. A row of any other table that is not mentioned in
// report may have changed everything.
var unrelatedTables = map[string]bool{
	"audit_events": true, "ended_sessions": true, "hook_deliveries": true, "hooks": true, "instance": true, "known_networks": true,
	"one_time_tokens": true, "outbox": true, "signing_keys": true, "statistics": true, "throttle": true,
}

// report records the change of one row. A new session or user changes no row that can be remembered, and neither do the
// roles that a new user gets in the same transaction.
func (c *changes) report(row sqlite.SQLitePreUpdateData) {
	isNew := row.Op == sqlite3.SQLITE_INSERT
	switch row.TableName {
	case "sessions":
		if !isNew {
			c.sessions.Add(firstColumn(row.Old))
		}
	case "users":
		if id := firstColumn(row.New); isNew && id != "" {
			c.newUsers[id] = struct{}{}
		} else {
			c.changeUser(firstColumn(row.Old))
		}
	case "users_to_roles":
		if id := firstColumn(row.New); !isNew {
			c.changeUser(firstColumn(row.Old))
		} else if _, newUser := c.newUsers[id]; !newUser {
			c.changeUser(id)
		}
	case "clients", "client_secrets":
		c.clients.All = true
	default:
		if !unrelatedTables[row.TableName] {
			c.sessions.All, c.clients.All, c.users.All = true, true, true
		}
	}
}

// changeUser records the change of a user, whose sessions are not known.
func (c *changes) changeUser(id string) {
	c.users.Add(id)
	c.sessions.All = true
}

// touchesUser reports whether the transaction may have changed a user.
func (c *changes) touchesUser(id string) bool {
	_, isNew := c.newUsers[id]
	return isNew || c.users.Has(id)
}

// firstColumn returns the first column of a row, an id, or an empty text if there is none.
func firstColumn(row func(dest ...any) error) string {
	column := make([]any, 1)
	if row(column...) != nil {
		return ""
	}
	id, _ := column[0].(string)
	return id
}

// reset begins a transaction.
func (c *changes) reset() {
	*c = changes{newUsers: map[string]struct{}{}}
}

// reportingConnector opens connections that report the changes of each row. They do so from the beginning: a statement that
// is compiled before may delete all rows of a table without a report.
type reportingConnector struct {
	driver.Connector
	report    sqlite.PreUpdateHookFn
	connected func()
}

// Connect implements driver.Connector.
func (r reportingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := r.Connector.Connect(ctx)
	if err == nil {
		conn.(sqlite.HookRegisterer).RegisterPreUpdateHook(r.report)
		r.connected()
	}
	return conn, err
}
