package userfile

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// recordFromJSON parses a record. Names are case-sensitive and must be unique: which of two counts would
// be an accident. A null is a missing field.
func recordFromJSON(line []byte) (account.Record, error) {
	members, err := jsonMembers(line)
	if err != nil {
		return account.Record{}, err
	}
	if slices.ContainsFunc(members, fromKeycloak) {
		return recordFromKeycloak(line)
	}
	var r account.Record
	for _, m := range members {
		field, err := fieldNamed(m.name)
		if err != nil {
			return account.Record{}, err
		}
		if err := json.Unmarshal(m.value, field.value(&r)); err != nil {
			return account.Record{}, field.wrongType()
		}
	}
	return r, nil
}

// jsonMember is a member of a JSON object whose value is not parsed yet.
type jsonMember struct {
	name  string
	value json.RawMessage
}

// jsonMembers splits a JSON object into its members.
func jsonMembers(line []byte) ([]jsonMember, error) {
	invalid := fault.Errorf(fault.InvalidRequest, "the line is not a JSON object")
	if !json.Valid(line) {
		return nil, invalid
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, invalid
	}
	var members []jsonMember
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, invalid
		}
		if seen[name] {
			return nil, invalidField(name, "duplicate field")
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, invalid
		}
		members = append(members, jsonMember{name, value})
	}
	return members, nil
}
