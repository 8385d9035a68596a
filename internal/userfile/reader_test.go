package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

const someID = "6f1c2b9e-0a4d-4e57-8a36-2f9a7f2d1c11"

func no() *bool { return new(bool) }

// line is what a reader returned for a line.
type line struct {
	number  int
	record  account.Record
	fault   string // text of the error; empty if there is none
	pointer string
}

func readAll(t *testing.T, text string, format Format) []line {
	t.Helper()
	reader, err := NewReader(strings.NewReader(text), format)
	require.NoError(t, err)
	var all []line
	for {
		record, number, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		l := line{number: number, record: record}
		if err != nil {
			var invalid *fault.Error
			require.ErrorAs(t, err, &invalid)
			l.fault, l.pointer = invalid.Text, invalid.Pointer
		}
		all = append(all, l)
	}
}

const (
	annJSON = `{"username":"ann","email":"ann@example.org"}`
	longest = 64 << 10
)

func TestReadNDJSON(t *testing.T) {
	t.Parallel()
	padded := func(size int) string { return annJSON + strings.Repeat(" ", size-len(annJSON)) }
	for _, c := range []struct {
		name, text     string
		fault, pointer string // of the first line; empty: ann is read
	}{
		{name: "plain", text: annJSON + "\n"},
		{name: "no end of line", text: annJSON},
		{name: "carriage return", text: annJSON + "\r\n"},
		{name: "byte order mark", text: "\ufeff" + annJSON},
		{name: "nulls", text: `{"username":"ann","email":"ann@example.org","roles":null,"active":null,"created_at":null,"name":null}`},
		{name: "the longest line", text: padded(longest) + "\r\n"},
		{name: "a byte longer", text: padded(longest+1) + "\n", fault: "longer than"},
		{name: "a megabyte", text: padded(1<<20) + "\n", fault: "longer than"},
		{name: "NUL", text: "{\"username\":\"a\x00n\"}", fault: "not a JSON object"},
		{name: "invalid UTF-8", text: "{\"username\":\"a\xff\"}", fault: "not valid UTF-8"},
		{name: "half", text: annJSON[:20], fault: "not a JSON object"},
		{name: "two on a line", text: annJSON + annJSON, fault: "not a JSON object"},
		{name: "a list", text: "[" + annJSON + "]", fault: "not a JSON object"},
		{name: "a text", text: `"ann"`, fault: "not a JSON object"},
		{name: "null", text: `null`, fault: "not a JSON object"},
		{name: "deep", text: strings.Repeat(`{"name":`, 7000), fault: "not a JSON object"},
		{name: "unknown member", text: `{"usrname":"ann"}`, fault: "unknown field", pointer: "/usrname"},
		{name: "unknown member that draws", text: `{"\u001b[2J":1}`, fault: "unknown field"},
		{name: "other case", text: `{"Username":"ann"}`, fault: "unknown field", pointer: "/Username"},
		{name: "duplicate", text: `{"roles":["ROLE_USER"],"roles":["ROLE_ADMIN"]}`, fault: "duplicate", pointer: "/roles"},
		{name: "twice, one escaped", text: `{"roles":[],"role\u0073":["ROLE_ADMIN"]}`, fault: "duplicate", pointer: "/roles"},
		{name: "number for text", text: `{"username":7}`, fault: "expected a string", pointer: "/username"},
		{name: "text for truth", text: `{"active":"yes"}`, fault: "expected true or false", pointer: "/active"},
		{name: "text for list", text: `{"roles":"ROLE_USER"}`, fault: "a list of strings", pointer: "/roles"},
		{name: "list of numbers", text: `{"roles":[1]}`, fault: "a list of strings", pointer: "/roles"},
		{name: "no time", text: `{"created_at":"yesterday"}`, fault: "RFC 3339", pointer: "/created_at"},
		{name: "a number for a time", text: `{"created_at":1}`, fault: "RFC 3339", pointer: "/created_at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := readAll(t, c.text+"\n\n  \n"+annJSON, NDJSON)
			if c.name == "no end of line" {
				all = append(readAll(t, c.text, NDJSON), all[1:]...)
			}
			require.Len(t, all, 2, "what follows a bad line is read")
			ann := account.Record{Username: "ann", Email: "ann@example.org"}
			require.Equal(t, ann, all[1].record)
			require.Contains(t, all[0].fault, c.fault)
			require.Equal(t, c.pointer, all[0].pointer)
			if c.fault == "" {
				require.Equal(t, line{number: 1, record: ann}, all[0])
			}
		})
	}
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	const ann = "ann,ann@example.org,,"
	for _, c := range []struct {
		name, text     string
		number         int    // of the good line that follows
		fault, pointer string // empty: ann is read
	}{
		{name: "plain", text: ann, number: 3},
		{name: "quoted", text: `"ann","ann@example.org","",""`, number: 3},
		{name: "carriage return", text: ann + "\r", number: 3},
		{name: "a field too few", text: "ann,ann@example.org", number: 3, fault: "2 fields, but the header has 4"},
		{name: "a field too many", text: ann + ",x", number: 3, fault: "5 fields"},
		{name: "no truth", text: "ann,ann@example.org,,perhaps", number: 3, fault: "true or false", pointer: "/active"},
		{name: "quote within", text: `a""nn,ann@example.org,,`, number: 3, fault: "RFC 4180"},
		{name: "after the quote", text: `"ann"x,ann@example.org,,`, number: 3, fault: "RFC 4180"},
		{name: "NUL is read, and refused later", text: "ann,ann@example.org,\x00,", number: 3},
		{name: "not valid UTF-8", text: "ann\xff,ann@example.org,,", number: 3, fault: "UTF-8"},
		{name: "a megabyte", text: strings.Repeat("a", 1<<20), number: 3, fault: "longer than"},
		{name: "a megabyte of lines in quotes", text: `"` + strings.Repeat("a\n", 1<<19) + `"`, number: 3 + 1<<19, fault: "longer than"},
		{name: "a quote that another line closes", text: "\"ann,\nx\",y", number: 4, fault: "2 fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := readAll(t, "\ufeffusername,email,name,active\r\n"+c.text+"\n\nbob,bob@example.org,Bob,false\n", CSV)
			require.Len(t, all, 2, "what follows a bad line is read")
			require.Contains(t, all[0].fault, c.fault)
			require.Equal(t, c.pointer, all[0].pointer)
			require.Equal(t, 2, all[0].number)
			if c.fault == "" {
				require.Equal(t, "ann", all[0].record.Username)
				require.Nil(t, all[0].record.Active)
				require.Nil(t, all[0].record.Roles, "without a column: the default")
			}
			require.Equal(t, line{number: c.number + 1, record: account.Record{Username: "bob", Email: "bob@example.org", Name: "Bob", Active: no()}}, all[1])
		})
	}
}

// A line end within quotes belongs to the field: it begins no record.
func TestReadCSVNoInjection(t *testing.T) {
	t.Parallel()
	all := readAll(t, "username,email,name,roles\nann,ann@example.org,\"Ann\nroot,root@example.org,,ROLE_ADMIN\n\",\n", CSV)
	require.Len(t, all, 1)
	require.Equal(t, "ann", all[0].record.Username)
	require.Contains(t, all[0].record.Name, "\n")
	require.Equal(t, []string{}, all[0].record.Roles, "an empty field: none")
}

func TestReadCSVHeader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ header, fault, pointer string }{
		{"", "no header", ""},
		{"username", "missing column", "/email"},
		{"email,roles", "missing column", "/username"},
		{"username,email,Username", "unknown field", "/Username"},
		{"username,email,email", "duplicate", "/email"},
		{"username;email", "unknown field", ""},
		{"username,\"email", "RFC 4180", ""},
		{strings.Repeat("a", 1<<20), "longer than", ""},
	} {
		_, err := NewReader(strings.NewReader(c.header), CSV)
		var fault *fault.Error
		require.ErrorAs(t, err, &fault, c.header)
		require.Contains(t, fault.Text, c.fault)
		require.Equal(t, c.pointer, fault.Pointer)
	}
}

// A reader that fails ends the import: its error is none of a line.
func TestReadFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is broken")
	reader, err := NewReader(io.MultiReader(strings.NewReader(annJSON+"\n{"), failing{broken}), NDJSON)
	require.NoError(t, err)
	_, _, err = reader.Next()
	require.NoError(t, err)
	_, _, err = reader.Next()
	require.ErrorIs(t, err, broken)
	_, err = NewReader(failing{broken}, CSV)
	require.ErrorIs(t, err, broken)
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

const keycloakPBKDF2 = `{"id":"` + someID + `","username":"ann","email":"ann@example.org","emailVerified":true,
"createdTimestamp":1557126489500,"enabled":false,"totp":false,"firstName":"Ann","lastName":"A.","realmRoles":["admin"],
"credentials":[{"type":"otp","secretData":"","credentialData":""},{"id":"x","type":"password",
"secretData":"{\"value\":\"2JedGBmQg7O2Bps0bKZBNou3zf+Jzmev/qAF84uqy6A=\",\"salt\":\"OW5zQt8TRvOrRhWS/n6sWA==\",\"additionalParameters\":{}}",
"credentialData":"{\"hashIterations\":100,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"}],"groups":[]}`

func TestReadKeycloak(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(keycloakPBKDF2, "\n", "")
	pbkdf2 := account.Record{
		ID: someID, Username: "ann", Email: "ann@example.org", EmailVerified: true, Name: "Ann A.", Active: no(),
		PasswordHash: "$pbkdf2-sha256$i=100$OW5zQt8TRvOrRhWS/n6sWA$2JedGBmQg7O2Bps0bKZBNou3zf+Jzmev/qAF84uqy6A",
		CreatedAt:    time.UnixMilli(1557126489500).UTC(),
	}
	argon2 := pbkdf2
	argon2.PasswordHash = "$argon2id$v=19$m=7168,t=5,p=1$OW5zQt8TRvOrRhWS/n6sWA$2JedGBmQg7O2Bps0bKZBNou3zf+Jzmev/qAF84uqy6A"
	argon := strings.ReplaceAll(text, `{\"hashIterations\":100,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}`,
		`{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}`)
	federated, federation := pbkdf2, strings.ReplaceAll(text, someID, "f:1:ann")
	federated.ID = ""
	for _, c := range []struct {
		name, text     string
		record         account.Record
		fault, pointer string
	}{
		{name: "pbkdf2", text: text, record: pbkdf2},
		{name: "argon2", text: argon, record: argon2},
		{name: "another directory's id", text: federation, record: federated},
		{name: "no password", text: `{"username":"ann","enabled":false}`, record: account.Record{Username: "ann", Active: no()}},
		{name: "old argon2", text: strings.ReplaceAll(argon, "1.3", "1.0"), fault: "version 1.3", pointer: "/credentials"},
		{name: "other algorithm", text: strings.ReplaceAll(text, "pbkdf2-sha256", "rot13"), fault: "algorithm", pointer: "/credentials"},
		{name: "no algorithm", text: strings.ReplaceAll(text, `{\"hashIterations`, `[\"hashIterations`), fault: "Keycloak", pointer: "/credentials"},
		{name: "wrong type", text: strings.ReplaceAll(text, `"enabled":false`, `"enabled":1`), fault: "wrong type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := readAll(t, c.text, NDJSON)
			require.Len(t, all, 1)
			require.Contains(t, all[0].fault, c.fault)
			require.Equal(t, c.pointer, all[0].pointer)
			if c.fault == "" {
				require.Empty(t, all[0].fault)
				require.Equal(t, c.record, all[0].record)
			}
		})
	}
}

// Both formats read back what they wrote.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aß,\";' <&>\u2028🔑\\$=")))
		at := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(rapid.Int64Range(0, 1<<34).Draw(t, "at"), 0).UTC() })
		users := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) account.User {
			u := account.User{
				ID: someID, Username: text.Draw(t, "username"), Email: text.Draw(t, "email"), EmailVerified: rapid.Bool().Draw(t, "verified"),
				Name: text.Draw(t, "name"), Picture: text.Draw(t, "picture"), Active: rapid.Bool().Draw(t, "active"),
				PasswordHash: text.Draw(t, "hash"), CreatedAt: at.Draw(t, "created"), UpdatedAt: at.Draw(t, "updated"),
				Roles: rapid.SliceOfN(rapid.SampledFrom([]string{account.RoleUser, account.RoleAdmin}), 0, 2).Draw(t, "roles"),
			}
			if !u.Active {
				u.DisabledUntil = at.Draw(t, "until")
			}
			return u
		}), 0, 5).Draw(t, "users")
		for _, format := range []Format{NDJSON, CSV} {
			var b strings.Builder
			w, err := NewWriter(&b, format)
			require.NoError(t, err)
			for _, u := range users {
				require.NoError(t, w.Write(account.RecordOf(u)))
			}
			require.NoError(t, w.Flush())
			reader, err := NewReader(strings.NewReader(b.String()), format)
			require.NoError(t, err)
			for _, u := range users {
				r, _, err := reader.Next()
				require.NoError(t, err)
				require.Equal(t, account.RecordOf(u), r)
			}
			_, _, err = reader.Next()
			require.ErrorIs(t, err, io.EOF)
		}
	})
}

// endless is a reader of one line that does not end.
type endless struct{ left int }

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(b), e.left)
	for i := range n {
		b[i] = '"'
	}
	e.left -= n
	return n, nil
}

// Reading a line of 256 MB takes no more memory than reading one of 64 KB.
//
//nolint:paralleltest // it measures the memory of the process
func TestReadIsBounded(t *testing.T) {
	for _, format := range []Format{NDJSON, CSV} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		reader, err := NewReader(io.MultiReader(strings.NewReader("username,email\n"), &endless{256 << 20}), format)
		require.NoError(t, err)
		for err == nil || errors.Is(err, fault.Errorf(fault.InvalidRequest, "")) {
			_, _, err = reader.Next()
		}
		require.ErrorIs(t, err, io.EOF)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), format)
	}
}

func FuzzReadRecord(f *testing.F) {
	for _, seed := range []string{
		annJSON, strings.ReplaceAll(keycloakPBKDF2, "\n", ""), "ann,ann@example.org,Ann,ROLE_USER ROLE_ADMIN,false",
		"\"a\nb\",c,d,,", `{"roles":["ROLE_USER"],"active":true,"created_at":"2020-01-02T03:04:05Z"}`, "\"\"\"\"\n", "\ufeff{}",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, asCSV bool) {
		format := NDJSON
		if asCSV {
			format, text = CSV, "username,email,name,roles,active\n"+text
		}
		reader, err := NewReader(strings.NewReader(text), format)
		require.NoError(t, err)
		last := 0
		for {
			r, number, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			require.Greater(t, number, last, "lines are counted up")
			require.LessOrEqual(t, number, strings.Count(text, "\n")+1)
			last = number
			if err != nil {
				var invalid *fault.Error
				require.ErrorAs(t, err, &invalid)
				require.NotContains(t, fmt.Sprint(invalid.Text, invalid.Pointer), "\x1b")
				continue
			}
			again, err := json.Marshal(r)
			require.NoError(t, err)
			require.True(t, utf8.Valid(again))
		}
	})
}

// A record can have a password instead of a hash.
func TestReadPassword(t *testing.T) {
	t.Parallel()
	const secret = "a long enough one"
	for format, text := range map[Format]string{
		NDJSON: `{"username":"ann","email":"ann@example.org","password":"` + secret + `"}`,
		CSV:    "password,username,email\n" + secret + ",ann,ann@example.org",
	} {
		all := readAll(t, text, format)
		require.Len(t, all, 1)
		require.Equal(t, account.Record{Username: "ann", Email: "ann@example.org", Password: secret}, all[0].record)
	}
}
