package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/config"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                  "",
		"José 😀 a\\b \"q\"": "José 😀 a\\b \"q\"",
		"\x1b[2J":           `\x1b[2J`,
		"a\tb\r\nc":         `a\tb\r\nc`,
		"\u009b31m\x7f":     `\u009b31m\x7f`,
		"\x9b31m":           `\x9b31m`,
		"a\u202eb\u2028c":   `a\u202eb\u2028c`,
		"\ufffd":            "\ufffd",
	} {
		require.Equal(t, want, printable(text))
	}
	require.Equal(t, "a\n\\x1bb\n", printableLines("a\n\x1bb\n"))
}

// The log and JSON output keep every value and contain only printable characters.
func TestJSONHasOnlyPrintableCharacters(t *testing.T) {
	t.Parallel()
	const hostile = "\x1b[2J\u009b31m\x7f\r\n\u202e\u2028\U000e0001 José 😀"
	var list, jsonLog, textLog strings.Builder
	view := listView[string]{object: func(s string) map[string]any { return map[string]any{"v": s} }}
	require.NoError(t, view.print(&list, listFormat{JSON: true}, sequence([]string{hostile}, nil)))
	newLog(config.Serve{LogFormat: "json", LogLevel: "info"}, &jsonLog).Info("m", "v", hostile)
	newLog(config.Serve{LogFormat: "text", LogLevel: "info"}, &textLog).Info("m", "v", hostile)
	for _, text := range []string{list.String(), jsonLog.String(), textLog.String()} {
		require.Equal(t, 1, strings.Count(text, "\n"))
		require.True(t, isPrintable(strings.TrimSuffix(text, "\n")), "%q", text)
	}
	for _, text := range []string{list.String(), jsonLog.String()} {
		var object struct{ V string }
		require.NoError(t, json.Unmarshal([]byte(text), &object))
		require.Equal(t, hostile, object.V)
	}
}
