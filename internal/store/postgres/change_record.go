package postgres

import (
	"encoding/json"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// withRecord writes one statement that makes a change and stores its audit event and outbox jobs, if
// and only if the change is made. queries is a list of WITH queries, of which the one named changed
// returns a row if the change is made. result is the final SELECT. The parameters $1 and $2 come from
// recordArgs; those of the change begin with $3.
//
// Webhook events are only stored if a webhook is active.
func withRecord(queries, result string) string {
	return `WITH ` + queries + `,
	event AS (
		INSERT INTO audit_events SELECT e.* FROM json_populate_record(NULL::audit_events, $1::json) AS e
		WHERE e.id IS NOT NULL AND EXISTS (SELECT FROM changed)),
	jobs AS (` + insertJobs("$2") + `
		WHERE EXISTS (SELECT FROM changed)
			AND (j.kind <> '` + string(outbox.WebhookEvent) + `' OR EXISTS (SELECT FROM hooks WHERE active))
		ON CONFLICT (id) DO NOTHING)
	` + result
}

// insertJobs writes the beginning of a statement that stores the jobs of a parameter.
func insertJobs(param string) string {
	return `INSERT INTO outbox SELECT j.* FROM json_populate_recordset(NULL::outbox, ` + param + `::json) AS j`
}

// recordArgs returns the arguments of a statement of withRecord: those of the record, then args.
func recordArgs(change audit.Change, args ...any) []any {
	return append([]any{eventJSON(change.Event), jobsJSON(change.Jobs)}, args...)
}

// eventRow and jobRow are rows from which PostgreSQL reads JSON: the names are those of the columns.
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

func eventJSON(e audit.Event) string {
	if e.Action == "" {
		return `{}`
	}
	return toJSON(eventRow{
		ID: e.ID, At: storedTime(e.At), Action: string(e.Action), Outcome: string(e.Outcome), Reason: store.CleanText(e.Reason),
		Actor: store.CleanText(e.Actor), ActorID: store.CleanText(e.ActorID), ClientID: store.CleanText(e.ClientID),
		Target: store.CleanText(e.Target), TargetID: store.CleanText(e.TargetID),
		Address: store.CleanText(e.Address), UserAgent: store.CleanText(e.UserAgent), RequestID: store.CleanText(e.RequestID),
	})
}

func jobsJSON(jobs []outbox.Job) string {
	rows := make([]jobRow, len(jobs))
	for i, j := range jobs {
		rows[i] = jobRow{
			ID: j.ID, Kind: string(j.Kind), Payload: store.CleanText(string(j.Payload)), CreatedAt: storedTime(j.CreatedAt),
			NotBefore: storedTime(j.NotBefore), Attempts: j.Attempts, LastError: store.CleanText(j.LastError),
		}
	}
	return toJSON(rows)
}

func toJSON(v any) string {
	text, _ := json.Marshal(v) // texts, numbers and times of these years can always be marshalled
	return string(text)
}
