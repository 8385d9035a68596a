package postgres

import (
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// storedTime returns t as a column holds it: UTC in whole seconds.
func storedTime(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// storedTimeOrNull returns storedTime, or NULL for the zero time.
func storedTimeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = storedTime(t)
	return &t
}

// utcOrZero reads a column of storedTimeOrNull.
func utcOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// rolesAndScopes reads a list of roles, each followed by its scopes. It returns the roles, and the scopes of
// all of them without duplicates, both sorted.
func rolesAndScopes(list []string) (roles, scopes []string) {
	roles, scopes = make([]string, 0, len(list)), []string{}
	for _, text := range list {
		role, own, _ := strings.Cut(text, " ")
		roles, scopes = append(roles, role), append(scopes, strings.Fields(own)...)
	}
	slices.Sort(roles)
	slices.Sort(scopes)
	return roles, slices.Compact(scopes)
}

// storedSeconds returns a duration as a column holds it, or NULL for nil.
func storedSeconds(d *time.Duration) *int64 {
	if d == nil {
		return nil
	}
	n := int64(*d / time.Second)
	return &n
}

// duration reads a column of storedSeconds.
func duration(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

// nonNil replaces nil by an empty slice, because the driver stores nil as NULL.
func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// listOrNull returns the list of a patch, or NULL for one that is not changed.
func listOrNull(s *[]string) any {
	if s == nil {
		return nil
	}
	return nonNil(*s)
}

// isUUID reports whether id has the canonical form of a UUID. PostgreSQL accepts other forms of the
// same id, SQLite does not.
func isUUID(id string) bool {
	var u pgtype.UUID
	return u.Scan(id) == nil && u.String() == id
}

// uuidOrNull returns id, or NULL if it is not a UUID: a comparison with NULL finds nothing.
func uuidOrNull(id string) *string {
	if !isUUID(id) {
		return nil
	}
	return &id
}

// uuidOrLowest returns id, or the UUID before all others if it is not a UUID.
func uuidOrLowest(id string) string {
	if !isUUID(id) {
		return pgtype.UUID{Valid: true}.String()
	}
	return id
}

// plannedElements is how many elements PostgreSQL expects in an array that it does not know. For one with fewer it
// thinks that a plan of its own pays off, and plans each statement anew, which takes longer than to execute it.
const plannedElements = 10

// filledUp returns an array that is searched for, with its first element repeated up to plannedElements.
func filledUp[T any](array []T) []T {
	if len(array) == 0 || len(array) >= plannedElements {
		return array
	}
	return append(slices.Clone(array), slices.Repeat(array[:1], plannedElements-len(array))...)
}
