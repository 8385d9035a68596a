package userfile

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// This file reads MongoDB Extended JSON v2, canonical and relaxed, as mongoexport writes it: values of
// types that JSON lacks are objects such as {"$oid": "…"}.

// mongoField reads the value of a document's field into a record. It reports whether the value has the
// right type.
type mongoField struct {
	expected string // the type, for the error
	read     func(r *account.Record, value json.RawMessage) bool
}

// recordFromMongo parses a document. Fields that the format does not name are skipped, and a null is a
// missing field.
func recordFromMongo(line []byte, fields map[string]mongoField) (account.Record, error) {
	members, err := jsonMembers(line)
	if err != nil {
		return account.Record{}, err
	}
	var r account.Record
	for _, m := range members {
		field, known := fields[m.name]
		if known && string(m.value) != "null" && !field.read(&r, m.value) {
			return account.Record{}, invalidField(m.name, "expected %s", field.expected)
		}
	}
	return r, nil
}

// mongoText is a field with a string.
func mongoText(target func(*account.Record) *string) mongoField {
	return mongoField{"a string", func(r *account.Record, value json.RawMessage) bool {
		return json.Unmarshal(value, target(r)) == nil
	}}
}

// mongoBool is a field that is true or false.
func mongoBool(set func(*account.Record, bool)) mongoField {
	return mongoField{"true or false", func(r *account.Record, value json.RawMessage) bool {
		var b bool
		if json.Unmarshal(value, &b) != nil {
			return false
		}
		set(r, b)
		return true
	}}
}

// mongoTime is a field with a date: {"$date": …} or a string.
func mongoTime(target func(*account.Record) *time.Time) mongoField {
	return mongoField{"a date", func(r *account.Record, value json.RawMessage) bool {
		t, ok := parseMongoTime(value)
		*target(r) = t
		return ok
	}}
}

// mongoID is a field with an id: a UUID in any form, or an ObjectId.
func mongoID(r *account.Record, value json.RawMessage) bool {
	id, ok := parseMongoID(value)
	r.ID = id
	return ok
}

// mongoLayouts are the forms of a date in a string: RFC 3339, and Python's isoformat without an offset,
// which is UTC.
var mongoLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05"}

func parseMongoTime(value json.RawMessage) (time.Time, bool) {
	if inner, ok := unwrap(value, "$date"); ok {
		value = inner
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		for _, layout := range mongoLayouts {
			if t, err := time.Parse(layout, text); err == nil {
				return t.UTC(), true
			}
		}
		return time.Time{}, false
	}
	text = string(value) // milliseconds
	if inner, ok := unwrap(value, "$numberLong"); ok && json.Unmarshal(inner, &text) != nil {
		return time.Time{}, false
	}
	millis, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(millis).UTC(), true
}

var objectID = regexp.MustCompile(`^[0-9a-f]{24}$`)

// parseMongoID returns the UUID of an id. That of an ObjectId is derived from it, so that a repeated
// import finds the same user: uuid5 of its hexadecimal form in the namespace of object identifiers
// (RFC 9562 §6.6).
func parseMongoID(value json.RawMessage) (string, bool) {
	var text string
	if inner, ok := unwrap(value, "$oid"); ok {
		if json.Unmarshal(inner, &text) != nil || !objectID.MatchString(strings.ToLower(text)) {
			return "", false
		}
		return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.ToLower(text))).String(), true
	}
	if inner, ok := unwrap(value, "$binary"); ok {
		return parseMongoBinary(inner)
	}
	if inner, ok := unwrap(value, "$uuid"); ok {
		value = inner
	}
	if json.Unmarshal(value, &text) != nil {
		return "", false
	}
	id, err := uuid.Parse(text)
	return id.String(), err == nil
}

// parseMongoBinary returns the UUID of a binary value of subtype 4, or of subtype 3, in which PyMongo
// stores the bytes in the same order.
func parseMongoBinary(value json.RawMessage) (string, bool) {
	var b struct {
		Base64  string `json:"base64"`
		SubType string `json:"subType"`
	}
	if json.Unmarshal(value, &b) != nil || b.SubType != "03" && b.SubType != "04" {
		return "", false
	}
	raw, err := base64.StdEncoding.DecodeString(b.Base64)
	if err != nil {
		return "", false
	}
	id, err := uuid.FromBytes(raw)
	return id.String(), err == nil
}

// unwrap returns the value of an object with only the given member.
func unwrap(value json.RawMessage, name string) (json.RawMessage, bool) {
	members, err := jsonMembers(value)
	if err != nil || len(members) != 1 || members[0].name != name {
		return nil, false
	}
	return members[0].value, true
}
