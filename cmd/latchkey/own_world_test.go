package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// ask sends JSON, or nothing, with a bearer token, or none, from an address, or loopback.
func (s *server) ask(t *testing.T, address, token, operation string, body ...any) answer {
	t.Helper()
	method, path, _ := strings.Cut(operation, " ")
	text, contentType := "", ""
	if len(body) > 0 {
		raw, err := json.Marshal(body[0])
		require.NoError(t, err)
		text, contentType = string(raw), "application/json"
	}
	r := request(t, method, s.url+path, contentType, text)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return send(t, client(t, address), r)
}

// object is a JSON object.
type object = map[string]any

// decoded reads a JSON object.
func decoded(t *testing.T, text string) object {
	t.Helper()
	var o object
	require.NoError(t, json.Unmarshal([]byte(text), &o), text)
	return o
}

// userID gives the id of a user by the command.
func userID(t *testing.T, at place, name string) string {
	t.Helper()
	got := command(t, at, "", "user", "list", name, "--json")
	require.Len(t, lines(got.out), 1, got.out)
	return member(t, got.out, "id")
}

// mailed is a letter of the inbox of development.
type mailed struct{ ID, To, Subject, Text, HTML string }

// mailTo gives the letters to an address whose subject begins so.
func (p place) mailTo(t *testing.T, to, subject string) []mailed {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "inbox", "*.json"))
	require.NoError(t, err)
	var all []mailed
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var m mailed
		require.NoError(t, json.Unmarshal(text, &m))
		if m.To == to && strings.HasPrefix(m.Subject, subject) {
			all = append(all, m)
		}
	}
	return all
}

// The beginnings of the letters' subjects.
const (
	verifySubject   = "Confirm your e-mail address"
	resetSubject    = "Set a new password"
	passwordSubject = "Your password"
)

var letterToken = regexp.MustCompile(`#token=(et_[A-Za-z0-9_-]{43})\b`)

// awaitMail waits for the one letter and gives it.
func (p place) awaitMail(t *testing.T, to, subject string) mailed {
	t.Helper()
	var got []mailed
	soon(t, func() bool { got = p.mailTo(t, to, subject); return len(got) > 0 })
	require.Len(t, got, 1)
	return got[0]
}

// mailedToken waits for the one letter and gives the token in it.
func (p place) mailedToken(t *testing.T, to, subject string) string {
	t.Helper()
	found := letterToken.FindStringSubmatch(p.awaitMail(t, to, subject).Text)
	require.NotNil(t, found)
	return found[1]
}

// together does something many times at once and gives the statuses that were answered.
func together(t *testing.T, times int, do func(i int) answer) map[int]int {
	t.Helper()
	var all sync.WaitGroup
	begin, answers := make(chan struct{}), make([]answer, times)
	for i := range times {
		all.Go(func() {
			<-begin
			answers[i] = do(i)
		})
	}
	close(begin)
	all.Wait()
	statuses := map[int]int{}
	for _, a := range answers {
		statuses[a.status]++
	}
	return statuses
}

// code gives the code of a problem.
func (a answer) code(t *testing.T) string {
	t.Helper()
	require.GreaterOrEqual(t, a.status, http.StatusBadRequest, a.body)
	return member(t, a.body, "code")
}
