package postgres

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// noted makes the one statement of a change that keeps its note: change is a list of WITH queries, of
// which the one called changed has a row if the change is made, and result the SELECT that tells what
// became of it. $1 and $2 are the note as keep gives it; what the change needs begins with $3.
//
// Notices are for hooks: where none is active they are not even stored.
func noted(change, result string) string {
	return `WITH ` + change + `,
	kept AS (
		INSERT INTO audit_events SELECT e.* FROM json_populate_record(NULL::audit_events, $1::json) AS e
		WHERE e.id IS NOT NULL AND EXISTS (SELECT FROM changed)),
	queued AS (` + enqueue("$2") + `
		WHERE EXISTS (SELECT FROM changed)
			AND (j.kind <> '` + string(outbox.Notice) + `' OR EXISTS (SELECT FROM hooks WHERE active))
		ON CONFLICT (id) DO NOTHING)
	` + result
}

// enqueue is the beginning of the statement that stores jobs of a parameter.
func enqueue(jobs string) string {
	return `INSERT INTO outbox SELECT j.* FROM json_populate_recordset(NULL::outbox, ` + jobs + `::json) AS j`
}

// keep gives the arguments of a noted statement: the note, and then those of the change.
func keep(n audit.Note, args ...any) []any {
	return append([]any{eventText(n.Event), jobsText(n.Jobs)}, args...)
}

// eventRow and jobRow are rows as PostgreSQL makes them of JSON: the names are those of the columns.
type (
	eventRow struct {
		ID        string    `json:"id"`
		At        time.Time `json:"at"`
		Action    string    `json:"action"`
		Outcome   string    `json:"outcome"`
		Reason    string    `json:"reason"`
		Actor     string    `json:"actor"`
		ActorID   string    `json:"actor_id"`
		ClientID  string    `json:"client_id"`
		Target    string    `json:"target"`
		TargetID  string    `json:"target_id"`
		Address   string    `json:"address"`
		UserAgent string    `json:"user_agent"`
		RequestID string    `json:"request_id"`
	}
	jobRow struct {
		ID        string    `json:"id"`
		Kind      string    `json:"kind"`
		Payload   string    `json:"payload"`
		CreatedAt time.Time `json:"created_at"`
		NotBefore time.Time `json:"not_before"`
		Attempts  int       `json:"attempts"`
		LastError string    `json:"last_error"`
	}
)

func eventText(e audit.Event) string {
	if e.Action == "" {
		return `{}`
	}
	return jsonText(eventRow{
		ID: e.ID, At: whole(e.At), Action: string(e.Action), Outcome: string(e.Outcome), Reason: clean(e.Reason),
		Actor: clean(e.Actor), ActorID: clean(e.ActorID), ClientID: clean(e.ClientID),
		Target: clean(e.Target), TargetID: clean(e.TargetID),
		Address: clean(e.Address), UserAgent: clean(e.UserAgent), RequestID: clean(e.RequestID),
	})
}

func jobsText(jobs []outbox.Job) string {
	rows := make([]jobRow, len(jobs))
	for i, j := range jobs {
		rows[i] = jobRow{
			ID: j.ID, Kind: string(j.Kind), Payload: clean(string(j.Payload)), CreatedAt: whole(j.CreatedAt),
			NotBefore: whole(j.NotBefore), Attempts: j.Attempts, LastError: clean(j.LastError),
		}
	}
	return jsonText(rows)
}

func jsonText(v any) string {
	text, _ := json.Marshal(v) // texts, numbers and times of these years can always be marshalled
	return string(text)
}

// clean makes of what was sent from outside a text that PostgreSQL takes: a log must not refuse what
// it is to tell of.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
