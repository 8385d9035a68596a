package account

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
)

// line is what a reader said of a line.
type line struct {
	number  int
	record  Record
	fault   string // of Error, empty if none
	pointer string
}

func readAll(t *testing.T, text string, format Format) []line {
	t.Helper()
	reader, err := NewRecordReader(strings.NewReader(text), format)
	require.NoError(t, err)
	var all []line
	for {
		record, number, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		l := line{number: number, record: record}
		if err != nil {
			var fault *Error
			require.ErrorAs(t, err, &fault)
			l.fault, l.pointer = fault.Text, fault.Pointer
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
		{name: "not UTF-8", text: "{\"username\":\"a\xff\"}", fault: "not UTF-8"},
		{name: "half", text: annJSON[:20], fault: "not a JSON object"},
		{name: "two on a line", text: annJSON + annJSON, fault: "not a JSON object"},
		{name: "a list", text: "[" + annJSON + "]", fault: "not a JSON object"},
		{name: "a text", text: `"ann"`, fault: "not a JSON object"},
		{name: "null", text: `null`, fault: "not a JSON object"},
		{name: "deep", text: strings.Repeat(`{"name":`, 7000), fault: "not a JSON object"},
		{name: "unknown member", text: `{"usrname":"ann"}`, fault: "no such member", pointer: "/usrname"},
		{name: "unknown member that draws", text: `{"\u001b[2J":1}`, fault: "no such member"},
		{name: "other case", text: `{"Username":"ann"}`, fault: "no such member", pointer: "/Username"},
		{name: "twice", text: `{"roles":["ROLE_USER"],"roles":["ROLE_ADMIN"]}`, fault: "twice", pointer: "/roles"},
		{name: "twice, one escaped", text: `{"roles":[],"role\u0073":["ROLE_ADMIN"]}`, fault: "twice", pointer: "/roles"},
		{name: "number for text", text: `{"username":7}`, fault: "not a text", pointer: "/username"},
		{name: "text for truth", text: `{"active":"yes"}`, fault: "not true or false", pointer: "/active"},
		{name: "text for list", text: `{"roles":"ROLE_USER"}`, fault: "not a list", pointer: "/roles"},
		{name: "list of numbers", text: `{"roles":[1]}`, fault: "not a list", pointer: "/roles"},
		{name: "no time", text: `{"created_at":"yesterday"}`, fault: "not a time", pointer: "/created_at"},
		{name: "a number for a time", text: `{"created_at":1}`, fault: "not a time", pointer: "/created_at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := readAll(t, c.text+"\n\n  \n"+annJSON, NDJSON)
			if c.name == "no end of line" {
				all = append(readAll(t, c.text, NDJSON), all[1:]...)
			}
			require.Len(t, all, 2, "what follows a bad line is read")
			ann := Record{Username: "ann", Email: "ann@example.org"}
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
		{name: "a field too few", text: "ann,ann@example.org", number: 3, fault: "2 fields, the header 4"},
		{name: "a field too many", text: ann + ",x", number: 3, fault: "5 fields"},
		{name: "no truth", text: "ann,ann@example.org,,perhaps", number: 3, fault: "true or false", pointer: "/active"},
		{name: "quote within", text: `a""nn,ann@example.org,,`, number: 3, fault: "RFC 4180"},
		{name: "after the quote", text: `"ann"x,ann@example.org,,`, number: 3, fault: "RFC 4180"},
		{name: "NUL is read, and refused later", text: "ann,ann@example.org,\x00,", number: 3},
		{name: "not UTF-8", text: "ann\xff,ann@example.org,,", number: 3, fault: "UTF-8"},
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
			require.Equal(t, line{number: c.number + 1, record: Record{Username: "bob", Email: "bob@example.org", Name: "Bob", Active: no()}}, all[1])
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
		{"username", "does not name", "/email"},
		{"email,roles", "does not name", "/username"},
		{"username,email,Username", "no such member", "/Username"},
		{"username,email,email", "twice", "/email"},
		{"username;email", "no such member", ""},
		{"username,\"email", "RFC 4180", ""},
		{strings.Repeat("a", 1<<20), "longer than", ""},
	} {
		_, err := NewRecordReader(strings.NewReader(c.header), CSV)
		var fault *Error
		require.ErrorAs(t, err, &fault, c.header)
		require.Contains(t, fault.Text, c.fault)
		require.Equal(t, c.pointer, fault.Pointer)
	}
}

// A reader that fails ends the import: its error is none of a line.
func TestReadFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is broken")
	reader, err := NewRecordReader(io.MultiReader(strings.NewReader(annJSON+"\n{"), failing{broken}), NDJSON)
	require.NoError(t, err)
	_, _, err = reader.Next()
	require.NoError(t, err)
	_, _, err = reader.Next()
	require.ErrorIs(t, err, broken)
	_, err = NewRecordReader(failing{broken}, CSV)
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
	pbkdf2 := Record{
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
		record         Record
		fault, pointer string
	}{
		{name: "pbkdf2", text: text, record: pbkdf2},
		{name: "argon2", text: argon, record: argon2},
		{name: "another directory's id", text: federation, record: federated},
		{name: "no password", text: `{"username":"ann","enabled":false}`, record: Record{Username: "ann", Active: no()}},
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

// What is written is read back as it was, in both formats.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aß,\";' <&>\u2028🔑\\$=")))
		at := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(rapid.Int64Range(0, 1<<34).Draw(t, "at"), 0).UTC() })
		users := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) User {
			u := User{
				ID: someID, Username: text.Draw(t, "username"), Email: text.Draw(t, "email"), EmailVerified: rapid.Bool().Draw(t, "verified"),
				Name: text.Draw(t, "name"), Picture: text.Draw(t, "picture"), Active: rapid.Bool().Draw(t, "active"),
				PasswordHash: text.Draw(t, "hash"), CreatedAt: at.Draw(t, "created"), UpdatedAt: at.Draw(t, "updated"),
				Roles: rapid.SliceOfN(rapid.SampledFrom([]string{RoleUser, RoleAdmin}), 0, 2).Draw(t, "roles"),
			}
			if !u.Active {
				u.DisabledUntil = at.Draw(t, "until")
			}
			return u
		}), 0, 5).Draw(t, "users")
		for _, format := range []Format{NDJSON, CSV} {
			var b strings.Builder
			w, err := NewRecordWriter(&b, format)
			require.NoError(t, err)
			for _, u := range users {
				require.NoError(t, w.Write(RecordOf(u)))
			}
			require.NoError(t, w.Flush())
			reader, err := NewRecordReader(strings.NewReader(b.String()), format)
			require.NoError(t, err)
			for _, u := range users {
				r, _, err := reader.Next()
				require.NoError(t, err)
				require.Equal(t, RecordOf(u), r)
			}
			_, _, err = reader.Next()
			require.ErrorIs(t, err, io.EOF)
		}
	})
}

// A user that was exported and imported elsewhere is the same user.
func TestExportImport(t *testing.T) {
	t.Parallel()
	from, store := newImport(t)
	_, err := from.Import(t.Context(), []Record{
		{Username: "Ann", Email: "Ann@example.org", Name: "A, \"B\"", Roles: []string{RoleAdmin}, PasswordHash: "hash:a", CreatedAt: time.Unix(1e9, 0)},
		{Username: "bob", Email: "bob@example.org", Roles: []string{}, Active: no(), DisabledUntil: importTime.Add(time.Hour), EmailVerified: true},
	}, false)
	require.NoError(t, err)
	for _, format := range []Format{NDJSON, CSV} {
		var b strings.Builder
		w, err := NewRecordWriter(&b, format)
		require.NoError(t, err)
		for _, u := range store.users {
			require.NoError(t, w.Write(RecordOf(u)))
		}
		require.NoError(t, w.Flush())
		require.NotContains(t, b.String(), "password,")
		require.NotContains(t, b.String(), "\"password\"")
		to, copied := newImport(t)
		for _, l := range readAll(t, b.String(), format) {
			require.Empty(t, l.fault)
			faults, err := to.Import(t.Context(), []Record{l.record}, false)
			require.NoError(t, err)
			require.NoError(t, faults[0])
		}
		require.Equal(t, store.users, copied.users)
	}
}

// endless is a line without an end.
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

// A line of 256 MB takes the memory of a line of 64 KB.
//
//nolint:paralleltest // it measures the memory of the process
func TestReadIsBounded(t *testing.T) {
	for _, format := range []Format{NDJSON, CSV} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		reader, err := NewRecordReader(io.MultiReader(strings.NewReader("username,email\n"), &endless{256 << 20}), format)
		require.NoError(t, err)
		for err == nil || errors.Is(err, Errorf(InvalidRequest, "")) {
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
		reader, err := NewRecordReader(strings.NewReader(text), format)
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
				var fault *Error
				require.ErrorAs(t, err, &fault)
				require.NotContains(t, fmt.Sprint(fault.Text, fault.Pointer), "\x1b")
				continue
			}
			again, err := json.Marshal(r)
			require.NoError(t, err)
			require.True(t, utf8.Valid(again))
		}
	})
}

// A password is read where a hash could stand.
func TestReadPassword(t *testing.T) {
	t.Parallel()
	const secret = "a long enough one"
	for format, text := range map[Format]string{
		NDJSON: `{"username":"ann","email":"ann@example.org","password":"` + secret + `"}`,
		CSV:    "password,username,email\n" + secret + ",ann,ann@example.org",
	} {
		all := readAll(t, text, format)
		require.Len(t, all, 1)
		require.Equal(t, Record{Username: "ann", Email: "ann@example.org", Password: secret}, all[0].record)
	}
}
