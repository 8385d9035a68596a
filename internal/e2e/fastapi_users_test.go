//go:build fastapi

package e2e

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fieldErrors is the name of the difference in all errors by field: the library repeats the input.
const fieldErrors = "any, with an invalid field"

// side is one of the two services that the script is sent to.
type side struct {
	caller
	values map[string]string // what {NAME} in the script stands for
	// repeatsInput says whether an error by field had an input or its context, which are not compared.
	repeatsInput bool
	// emailed waits for the newest token that was emailed to alice@example.com: "verify" or "reset". It
	// returns nothing for the email on sign-up, which the library does not send.
	emailed func(t *testing.T, name string) string
}

// The library and Latchkey give the same answers to the script, except for the differences that are
// listed with their reasons in testdata/fastapi/differences.json.
func TestFastAPIUsersSideBySide(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(script), 40)
	library, ours := startFastAPIUsers(t), startLatchkeyBeside(t)
	listed := map[string]difference{}
	for _, d := range readDifferences(t) {
		for _, name := range d.Requests {
			require.NotContains(t, listed, name, "listed twice")
			listed[name] = d
		}
	}
	for _, x := range script {
		want, got := library.exchange(t, x), ours.exchange(t, x)
		expected, found := listed[x.name]
		delete(listed, x.name)
		switch {
		case reflect.DeepEqual(want, got):
			if found {
				t.Errorf("%s: listed as a difference, but the answers are equal", x.name)
			}
		case !reflect.DeepEqual(want, expected.Library) || !reflect.DeepEqual(got, expected.Latchkey):
			text, err := json.MarshalIndent(difference{Requests: []string{x.name}, Library: want, Latchkey: got}, "", "  ")
			require.NoError(t, err)
			t.Errorf("a difference that is not listed:\n%s", text)
		}
	}
	if library.repeatsInput && !ours.repeatsInput {
		require.Contains(t, listed, fieldErrors)
		delete(listed, fieldErrors)
	}
	require.Empty(t, listed, "listed, but not found")
}

// exchange sends a request, keeps what later ones need, and returns the answer without what is different
// each time.
func (s *side) exchange(t *testing.T, x exchange) answer {
	t.Helper()
	var pairs []string
	for name, value := range s.values {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...).Replace
	contentType, body := jsonType, x.body
	if x.form != "" {
		contentType, body = formType, x.form
	}
	r := s.newRequest(t, fill(x.operation), contentType, fill(body))
	if x.token != "" {
		r.Header.Set("Authorization", "Bearer "+fill(x.token))
	}
	got := send(t, &http.Client{Timeout: waitTimeout, Transport: noKeepAlive}, r)
	var parsed any
	if got.body != "" {
		require.NoError(t, json.Unmarshal([]byte(got.body), &parsed), "%s: %s", x.name, got.body)
	}
	if x.saveID != "" {
		s.values[x.saveID] = field(t, got.body, "id")
	}
	if x.saveToken != "" {
		s.values[x.saveToken] = field(t, got.body, "access_token")
	}
	if x.emailed != "" {
		s.values[x.emailed] = s.emailed(t, x.emailed)
	}
	return answer{Status: got.status, Body: s.normalised(parsed)}
}

// normalised replaces ids by their names in the script and tokens by *, and removes the input from errors
// by field.
func (s *side) normalised(body any) any {
	o, _ := body.(object)
	for _, name := range []string{"id", "access_token"} {
		if value, found := o[name].(string); found {
			o[name] = "*"
			for saved, id := range s.values {
				if id == value && name == "id" {
					o[name] = "{" + saved + "}"
				}
			}
		}
	}
	list, _ := o["detail"].([]any)
	for _, item := range list {
		for _, name := range []string{"input", "ctx"} {
			if _, found := item.(object)[name]; found {
				s.repeatsInput = true
				delete(item.(object), name)
			}
		}
	}
	return body
}

var libraryTokens = map[string]*regexp.Regexp{
	"verify": regexp.MustCompile(`Verification token: (\S+)`),
	"reset":  regexp.MustCompile(`Reset token: (\S+)`),
}

// startFastAPIUsers starts the full example of the library, which prints the tokens that others email.
func startFastAPIUsers(t *testing.T) *side {
	t.Helper()
	database := filepath.Join(t.TempDir(), "users.db")
	listener, url := listenForPython(t)
	log := startPython(t, listener, "users_app", "DATABASE_URL=sqlite+aiosqlite:///"+database)
	return &side{caller: caller{url: url}, values: map[string]string{}, emailed: func(t *testing.T, name string) (token string) {
		t.Helper()
		pattern := libraryTokens[name]
		if pattern == nil {
			return ""
		}
		eventually(t, func() bool {
			all := pattern.FindAllStringSubmatch(log.String(), -1)
			if len(all) > 0 {
				token = all[len(all)-1][1]
			}
			return len(all) > 0
		})
		return token
	}}
}

// startLatchkeyBeside starts Latchkey with the settings of the example.
func startLatchkeyBeside(t *testing.T) *side {
	t.Helper()
	inst := newSQLite(t)
	s := start(t, inst, "LATCHKEY_COMPAT=fastapi-users", "LATCHKEY_REQUIRE_VERIFIED_EMAIL=true")
	subjects := map[string]string{"sign-up": verifySubject, "verify": verifySubject, "reset": resetSubject}
	var seen []string
	return &side{caller: s.caller, values: map[string]string{}, emailed: func(t *testing.T, name string) (token string) {
		t.Helper()
		eventually(t, func() bool {
			for _, e := range inst.emails(t, "alice@example.com", subjects[name]) {
				found := emailedToken.FindStringSubmatch(e.Text)
				require.NotNil(t, found)
				if token = found[1]; !slices.Contains(seen, token) {
					seen = append(seen, token)
					return true
				}
			}
			return false
		})
		return token
	}}
}
