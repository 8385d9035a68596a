package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// difference is what fastapi-users and Latchkey answer differently, for requests of the script that get
// the same two answers.
type difference struct {
	Requests []string  `json:"requests"`
	Library  answer    `json:"fastapi-users"`
	Latchkey answer    `json:"latchkey"`
	Short    [2]string `json:"short"` // both answers in the words of the documentation
	Why      string    `json:"why"`
}

// answer is a response, without what is different each time.
type answer struct {
	Status int `json:"status"`
	Body   any `json:"body"`
}

// readDifferences returns the reviewed differences.
func readDifferences(t *testing.T) (all []difference) {
	t.Helper()
	text, err := os.ReadFile("testdata/fastapi/differences.json")
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&all))
	return all
}

// The page for those who come from fastapi-users lists every difference with its reason, and no other.
func TestFastAPIDifferencesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/moving/fastapi-users.md")
	require.NoError(t, err)
	const head = "| Request | fastapi-users | Latchkey | Why |\n|---|---|---|---|\n"
	_, table, found := strings.Cut(string(page), head)
	require.True(t, found, "the page has no table that begins with %q", head)
	table, _, _ = strings.Cut(table, "\n\n")
	var want strings.Builder
	for _, d := range readDifferences(t) {
		require.NotEmpty(t, d.Why, "%v", d.Requests)
		_, _ = fmt.Fprintf(&want, "| %s | %s | %s | %s |\n", strings.Join(d.Requests, "; "), d.Short[0], d.Short[1], d.Why)
	}
	require.Equal(t, strings.TrimSuffix(want.String(), "\n"), strings.TrimSuffix(table, "\n"))
}
