package httpapi

import (
	"encoding/base64"
	"encoding/json"
)

const defaultPage = 50

// pageSize keeps what was asked within what the contract allows.
func pageSize(asked *int) int {
	if asked == nil {
		return defaultPage
	}
	return min(max(*asked, 1), 200)
}

// writeCursor makes the text that stands for a position: opaque, and nothing that gives a right. What
// comes back is read as the same type and reaches the store as a bound value alone.
func writeCursor(position any) *string {
	text, err := json.Marshal(position)
	if err != nil {
		return nil // positions are of plain types: this does not happen
	}
	return optional(base64.RawURLEncoding.EncodeToString(text))
}

// readCursor reads a position that writeCursor wrote; none is the beginning.
func readCursor(cursor *string, position any) error {
	if value(cursor) == "" {
		return nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(*cursor)
	if err == nil {
		err = json.Unmarshal(text, position)
	}
	if err != nil {
		return malformed("the cursor is not one that was given here")
	}
	return nil
}
