package claims_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/claims"
)

var ann = claims.User{
	ID: "7f1c", Username: "ann", Email: `a"nn@example.org`, EmailVerified: true, Name: "Ann {{user.id}}", Roles: []string{"ROLE_ADMIN", "ROLE_USER"},
}

func TestRender(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, want string
		dynamic    bool
	}{
		"nothing":                  {"", "null", false},
		"white space":              {" \n", "null", false},
		"empty object":             {"{}", "null", false},
		"static values":            {`{"a": [1, -2.5e3, true, null, "x", {}, []]}`, `{"a": [1, -2.5e3, true, null, "x", {}, []]}`, false},
		"greatest number":          {`{"a": 9007199254740991}`, `{"a": 9007199254740991}`, false},
		"a string field":           {`{"a": "{{user.email}}"}`, `{"a": "a\"nn@example.org"}`, true},
		"every string field":       {`{"a": ["{{user.id}}", "{{user.username}}", "{{user.picture}}"]}`, `{"a": ["7f1c", "ann", ""]}`, true},
		"fields within a string":   {`{"a": "<{{user.username}}|{{user.id}}>"}`, `{"a": "<ann|7f1c>"}`, true},
		"fields next to another":   {`{"a": "{{user.id}}{{user.username}}"}`, `{"a": "7f1cann"}`, true},
		"white space in a field":   {`{"a": "{{ user.id }}"}`, `{"a": "7f1c"}`, true},
		"roles":                    {`{"a": "{{user.roles}}"}`, `{"a": ["ROLE_ADMIN", "ROLE_USER"]}`, true},
		"a boolean":                {`{"a": "{{user.email_verified}}"}`, `{"a": true}`, true},
		"nested":                   {`{"user_data": {"n": {"m": ["{{user.id}}"]}}}`, `{"user_data": {"n": {"m": ["7f1c"]}}}`, true},
		"a value is not rendered":  {`{"a": "{{user.name}}"}`, `{"a": "Ann {{user.id}}"}`, true},
		"single braces":            {`{"a": "{user.id} {"}`, `{"a": "{user.id} {"}`, false},
		"reserved name, nested":    {`{"a": {"sub": 1, "roles": 2}}`, `{"a": {"sub": 1, "roles": 2}}`, false},
		"a name with a namespace":  {`{"https://example.org/x": 1}`, `{"https://example.org/x": 1}`, false},
		"an escaped template":      {`{"a": "\u007b{user.id}}"}`, `{"a": "7f1c"}`, true},
		"five levels":              {`{"a": [[[[1]]]]}`, `{"a": [[[[1]]]]}`, false},
		"as many claims as may be": {many(claims.MaxCount), many(claims.MaxCount), false},
		"as long as may be":        {sized(claims.MaxSize), sized(claims.MaxSize), false},
		"white space is not size":  {strings.Replace(sized(claims.MaxSize), ":", ":      ", 1), sized(claims.MaxSize), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := claims.Parse([]byte(c.text))
			require.NoError(t, err)
			got, err := json.Marshal(set.Render(ann))
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(got))
			require.Equal(t, c.dynamic, set.Dynamic())

			again, err := claims.Parse([]byte(set.Text()))
			require.NoError(t, err)
			require.Equal(t, set, again)
		})
	}
}

// Nobody without roles has null instead of them.
func TestNoRoles(t *testing.T) {
	t.Parallel()
	set, err := claims.Parse([]byte(`{"a": "{{user.roles}}"}`))
	require.NoError(t, err)
	got, err := json.Marshal(set.Render(claims.User{}))
	require.NoError(t, err)
	require.JSONEq(t, `{"a": []}`, string(got))
}

const known = "choose one of these: user.id, user.username, user.email, user.email_verified, user.name, user.picture, user.roles"

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, pointer, want string }{
		"an array":                {`[]`, "", "the claims are not a JSON object"},
		"a string":                {`"x"`, "", "the claims are not a JSON object"},
		"not JSON":                {`{"a": }`, "", "the claims are not valid JSON"},
		"cut off":                 {`{"a": [1`, "", "the claims are not valid JSON"},
		"two objects":             {`{"a": 1} {}`, "", "there is more after the JSON object"},
		"not UTF-8":               {"{\"a\": \"\xff\"}", "", "the claims are not valid UTF-8"},
		"half a surrogate":        {`{"a": "\ud800"}`, "/a", "a string contains invalid Unicode"},
		"half a surrogate, name":  {`{"a": {"\ud800": 1}}`, "/a/\ufffd", "a name contains invalid Unicode"},
		"duplicate":               {`{"a": 1, "a": 2}`, "/a", `the name "a" appears twice in one object`},
		"duplicate, nested":       {`{"a": [{"b": 1, "\u0062": 2}]}`, "/a/0/b", `the name "b" appears twice in one object`},
		"no name":                 {`{"": 1}`, "/", "a name is empty"},
		"template in a name":      {`{"{{user.id}}": 1}`, "/{{user.id}}", `the name "{{user.id}}" contains a template; templates work only in values`},
		"six levels":              {`{"a": [[[[[1]]]]]}`, "/a/0/0/0/0", "objects and arrays are nested deeper than 5 levels"},
		"too many":                {many(claims.MaxCount + 1), "", "there are 33 claims, more than the limit of 32"},
		"too long":                {sized(claims.MaxSize + 1), "", "the claims have 4097 bytes, more than the limit of 4096"},
		"unknown field":           {`{"a": {"b/c": "{{user.password_hash}}"}}`, "/a/b~1c", `the field "user.password_hash" is unknown; ` + known},
		"another capital":         {`{"a": "{{User.id}}"}`, "/a", `the field "User.id" is unknown; ` + known},
		"no field":                {`{"a": "{{}}"}`, "/a", `the field "" is unknown; ` + known},
		"a filter":                {`{"a": "{{user.id|upper}}"}`, "/a", `the field "user.id|upper" is unknown; ` + known},
		"three braces":            {`{"a": "{{{user.id}}}"}`, "/a", `the field "{user.id" is unknown; ` + known},
		"unknown, long":           {`{"a": "{{` + strings.Repeat("é", 99) + `}}"}`, "/a", `the field "` + strings.Repeat("é", 20) + `…" is unknown; ` + known},
		"not closed":              {`{"a": "x {{user.id"}`, "/a", "a template begins with {{ but does not end with }}"},
		"not opened":              {`{"a": "user.id}}"}`, "/a", "a template ends with }} but does not begin with {{"},
		"roles within a string":   {`{"a": "r: {{user.roles}}"}`, "/a", "{{user.roles}} is not a string; it must be the whole value"},
		"boolean within a string": {`{"a": "{{user.email_verified}}!"}`, "/a", "{{user.email_verified}} is not a string; it must be the whole value"},
		"number too great":        {`{"a": 9007199254740993}`, "/a", "a number is beyond 2^53, where readers of JSON disagree; write it as a string"},
		"number out of range":     {`{"a": -1e999}`, "/a", "a number is beyond 2^53, where readers of JSON disagree; write it as a string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := claims.Parse([]byte(c.text))
			var refused *claims.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, claims.Error{Pointer: c.pointer, Text: c.want}, *refused)
		})
	}
}

func TestReservedNames(t *testing.T) {
	t.Parallel()
	require.True(t, slices.IsSorted(claims.Reserved), "they are searched in order")
	for _, name := range claims.Reserved {
		_, err := claims.Parse([]byte(`{"` + name + `": "x"}`))
		require.ErrorContains(t, err, `the claim "`+name+`" is reserved; extra claims cannot be named acr, act,`)
	}
}

// many returns n claims.
func many(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = `"c` + strings.Repeat("x", i) + `":1`
	}
	return "{" + strings.Join(members, ",") + "}"
}

// sized returns claims of n bytes.
func sized(n int) string { return `{"a":"` + strings.Repeat("x", n-len(`{"a":""}`)) + `"}` }

// FuzzParse checks that what Parse accepts is within the limits, renders to JSON, and is read as the same
// set again; and that nothing a user can choose changes which claims there are.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"user_data": {"mail": "{{user.email}}", "admin": false}}`, `{"a": "{{user.roles}}"}`, `{"a": "{{ user.id }}-{{user.name}}"}`,
		`{"a": "{{"}`, `{"a": "}}{{"}`, `{"a": "{{{{user.id}}}}"}`, `{"a": "\u007b\u007buser.id}}"}`, `{"sub": 1}`, `{"a":1,"a":2}`,
		`[[[[[[`, `{"a":{"b":{"c":{"d":{"e":{}}}}}}`, `{"a": 1e400}`, `{"\ud800": "\udc00"}`, "{\"\x00\": 1}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := claims.Parse(text)
		if err != nil {
			var refused *claims.Error
			require.ErrorAs(t, err, &refused)
			require.NotEmpty(t, refused.Text)
			return
		}
		require.LessOrEqual(t, len(set.Text()), claims.MaxSize)
		again, err := claims.Parse([]byte(set.Text()))
		require.NoError(t, err)
		require.Equal(t, set, again)
		names := func(u claims.User) []string {
			raw, err := json.Marshal(set.Render(u))
			require.NoError(t, err)
			var members map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(raw, &members))
			var names []string
			for name := range members {
				require.NotContains(t, claims.Reserved, name)
				names = append(names, name)
			}
			slices.Sort(names)
			return names
		}
		require.Equal(t, names(claims.User{}), names(claims.User{Name: `","sub":"x`, Email: "{{user.id}}", Roles: []string{"\xff"}}))
	})
}
