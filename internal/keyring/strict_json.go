package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// parseObject reads a JSON object. Unlike encoding/json it rejects duplicate names, which two parsers
// might read differently (RFC 8725 §2.4), and anything after the object.
func parseObject(text []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errors.New("malformed JSON")
		}
		key, _ := name.(string) // inside an object the decoder returns only strings as names
		if _, duplicate := members[key]; duplicate {
			return nil, errors.New("duplicate name in a JSON object")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errors.New("malformed JSON")
		}
		members[key] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("malformed JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("data after the JSON object")
	}
	return members, nil
}
