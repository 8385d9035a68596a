package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// decode reads one JSON value. Numbers stay as they are written.
func decode(text []byte) (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the JSON value")
	}
	return value, nil
}

// matchJSON compares a JSON value with the one that a vector wants. path is where the value is, for
// the error.
func matchJSON(want, got any, path string) error {
	different := fmt.Errorf("%s is %v, want %v", path, got, want)
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return different
		}
		return matchMembers(want, object, path)
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return different
		}
		return matchItems(want, list, path)
	case string:
		if got == nil || !matchRange(want, got) && !matchText(want, fmt.Sprint(got)) {
			return different
		}
	default:
		if want != got {
			return different
		}
	}
	return nil
}

func matchMembers(want, got map[string]any, path string) error {
	for name, value := range want {
		path := path + "." + name
		if _, found := got[name]; !found {
			return fmt.Errorf("%s is missing", path)
		}
		if err := matchJSON(value, got[name], path); err != nil {
			return err
		}
	}
	return nil
}

func matchItems(want, got []any, path string) error {
	for i := range want {
		if err := matchJSON(want[i], got[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

var numberRange = regexp.MustCompile(`^(\d+)\.\.(\d+)$`)

// matchRange reports whether the pattern is a range, as in "5..10", that contains the number.
func matchRange(pattern string, got any) bool {
	limits := numberRange.FindStringSubmatch(pattern)
	number, ok := got.(json.Number)
	if limits == nil || !ok {
		return false
	}
	n, err := number.Int64()
	low, lowErr := strconv.ParseInt(limits[1], 10, 64)
	high, highErr := strconv.ParseInt(limits[2], 10, 64)
	return errors.Join(err, lowErr, highErr) == nil && low <= n && n <= high
}

// matchText reports whether a text matches a pattern, in which * stands for any text. The pattern
// "*" matches any text but the empty one.
func matchText(pattern, text string) bool {
	if pattern == "*" {
		return text != ""
	}
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(text)
}
