package httpapi

import (
	"encoding/base64"
	"encoding/json"
)

const defaultPageSize = 50

// pageSize returns the page size to use for the one that was requested, which is within the bounds of the
// contract.
func pageSize(requested *int) int {
	if requested == nil {
		return defaultPageSize
	}
	return *requested
}

// writeCursor returns the opaque text for the position after which the next page begins, or nil if
// there is no next page. A cursor needs no signature: it grants no access, and the position that
// readCursor returns reaches the store only as a bound value.
func writeCursor[P any](next *P) *string {
	if next == nil {
		return nil
	}
	text, err := json.Marshal(next)
	if err != nil {
		return nil // cannot happen: positions consist of strings and times
	}
	return optional(base64.RawURLEncoding.EncodeToString(text))
}

// readCursor sets the position to the one that writeCursor has written. Without a cursor it leaves
// the zero position, which is the first page.
func readCursor[P any](cursor *string, position *P) error {
	if value(cursor) == "" {
		return nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(*cursor)
	if err == nil {
		err = json.Unmarshal(text, position)
	}
	if err != nil {
		return invalidRequest("the cursor is invalid; use the next_cursor of the previous page")
	}
	return nil
}
