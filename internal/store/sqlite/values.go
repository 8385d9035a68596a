package sqlite

import (
	"database/sql"
	"encoding/json"
	"slices"
	"time"
)

// storedTime returns t as a column holds it: in Unix seconds.
func storedTime(t time.Time) int64 { return t.Unix() }

// utc reads a column of storedTime.
func utc(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// storedTimeOrNull returns storedTime, or NULL for the zero time.
func storedTimeOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.Unix(), Valid: !t.IsZero()}
}

// utcOrZero reads a column of storedTimeOrNull.
func utcOrZero(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return utc(n.Int64)
}

// storedSeconds returns a duration as a column holds it, or NULL for nil.
func storedSeconds(d *time.Duration) sql.NullInt64 {
	if d == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: int64(*d / time.Second), Valid: true}
}

// duration reads a column of storedSeconds.
func duration(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

// textOrNull returns s, or NULL for the empty text.
func textOrNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// nonNil replaces nil by an empty slice, because the driver stores nil as NULL.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// jsonList is a list that a text column holds as a JSON array.
type jsonList []string

// Scan reads the column.
func (l *jsonList) Scan(value any) error {
	text, _ := value.(string)
	return json.Unmarshal([]byte(text), (*[]string)(l))
}

// roleScopes are roles with their scopes, which a column holds as a JSON object.
type roleScopes map[string][]string

// Scan reads the column.
func (r *roleScopes) Scan(value any) error {
	text, _ := value.(string)
	return json.Unmarshal([]byte(text), (*map[string][]string)(r))
}

// sorted returns the roles, and the scopes of all of them without duplicates.
func (r roleScopes) sorted() (roles, scopes []string) {
	roles, scopes = make([]string, 0, len(r)), []string{}
	for role, own := range r {
		roles, scopes = append(roles, role), append(scopes, own...)
	}
	slices.Sort(roles)
	slices.Sort(scopes)
	return roles, slices.Compact(scopes)
}

// storedList returns a list as a column holds it. nil becomes the empty array.
func storedList(list []string) string {
	if list == nil {
		list = []string{}
	}
	text, _ := json.Marshal(list) // strings can always be marshalled
	return string(text)
}

// listOrNull returns the list of a patch, or NULL for one that is not changed.
func listOrNull(list *[]string) sql.NullString {
	if list == nil {
		return sql.NullString{}
	}
	return sql.NullString{String: storedList(*list), Valid: true}
}
