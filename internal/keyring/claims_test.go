package keyring

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The exact members and types of the payload (RFC 9068 §2.2).
func TestPayload(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	const times = `"exp":1893554345,"iat":1893553445`
	for _, c := range []struct {
		name   string
		change func(c *Claims)
		want   string
	}{
		{name: "all", change: func(*Claims) {}, want: `{"iss":"https://id.example","sub":"7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11",` +
			`"aud":"https://api.example",` + times + `,"jti":"5d4f3c2b","client_id":"web","scope":"profile users:read","sid":"c0ffee",` +
			`"roles":["ROLE_MODERATOR","ROLE_USER"]}`},
		{name: "no session, no roles, no scopes, several audiences", change: func(c *Claims) {
			c.SessionID, c.Roles, c.Scopes, c.Audience = "", nil, nil, []string{audience, "https://other.example"}
		}, want: `{"iss":"https://id.example","sub":"7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11",` +
			`"aud":["https://api.example","https://other.example"],` + times + `,"jti":"5d4f3c2b","client_id":"web"}`},
		{name: "default issuer and audience", change: func(c *Claims) {
			c.Issuer, c.Audience, c.SessionID, c.Roles, c.Scopes = "", nil, "", nil, nil
		}, want: `{"iss":"https://id.example","sub":"7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11",` +
			`"aud":"https://api.example",` + times + `,"jti":"5d4f3c2b","client_id":"web"}`},
		{name: "extra claims", change: func(c *Claims) {
			c.SessionID, c.Roles, c.Scopes, c.Extra = "", nil, nil, map[string]any{"user_data": map[string]any{"mail": "a@x"}, "a": 1}
		}, want: `{"iss":"https://id.example","sub":"7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11",` +
			`"aud":"https://api.example",` + times + `,"jti":"5d4f3c2b","client_id":"web","a":1,"user_data":{"mail":"a@x"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			claims := claimsAt(epoch)
			c.change(&claims)
			token, err := r.Sign(claims)
			require.NoError(t, err)
			segments := strings.Split(token, ".")
			body, err := b64url.DecodeString(segments[1])
			require.NoError(t, err)
			require.Equal(t, c.want, string(body))
			_, err = r.Verify(token)
			require.NoError(t, err)
		})
	}
}

const plainPayload = `{"iss":"i","sub":"s","aud":"a","exp":20,"iat":10,"jti":"j","client_id":"c","scope":"x y","sid":"d","roles":["R"]}`

// Claims in the form in which they are written are read without the strict parser, and all others with it.
func TestParsePayload(t *testing.T) {
	t.Parallel()
	replaced := func(old, with string) string { return strings.Replace(plainPayload, old, with, 1) }
	for name, c := range map[string]struct {
		body string
		want bool
	}{
		"as written":              {body: plainPayload, want: true},
		"without optional claims": {body: replaced(`,"scope":"x y","sid":"d","roles":["R"]`, ``), want: true},
		"escaped as written":      {body: replaced(`"s"`, `"\u003cs\u003e"`), want: true},
		"escaped in another way":  {body: replaced(`"s"`, `"\u0073"`)},
		"a space":                 {body: replaced(`:`, `: `)},
		"data after it":           {body: plainPayload + ` `},
		"another order":           {body: replaced(`"iss":"i","sub":"s"`, `"sub":"s","iss":"i"`)},
		"a name twice":            {body: replaced(`"sub":"s"`, `"sub":"t","sub":"s"`)},
		"another case":            {body: replaced(`"sub"`, `"SUB"`)},
		"an unknown claim":        {body: replaced(`"roles"`, `"more":1,"roles"`)},
		"nbf":                     {body: replaced(`"iat"`, `"nbf":5,"iat"`)},
		"several audiences":       {body: replaced(`"aud":"a"`, `"aud":["a","b"]`)},
		"a number as audience":    {body: replaced(`"aud":"a"`, `"aud":1`)},
		"no issuer":               {body: replaced(`"i"`, `""`)},
		"no subject":              {body: replaced(`"s"`, `""`)},
		"no audience":             {body: replaced(`"a"`, `""`)},
		"no jti":                  {body: replaced(`"j"`, `""`)},
		"no client":               {body: replaced(`"c"`, `""`)},
		"before 1970":             {body: replaced(`:10`, `:-10`)},
		"expired before 1970":     {body: replaced(`:20`, `:-20`)},
		"a fraction":              {body: replaced(`:20`, `:20.5`)},
		"null as role":            {body: replaced(`["R"]`, `[null]`)},
		"an empty scope":          {body: replaced(`"x y"`, `""`)},
		"not an object":           {body: `[]`},
	} {
		got, ok := parsePayload([]byte(c.body))
		require.Equal(t, c.want, ok, name)
		if ok {
			want, notBefore, err := parseAnyClaims([]byte(c.body))
			require.NoError(t, err, name)
			require.Equal(t, want, got, name)
			require.Zero(t, notBefore, name)
		}
	}
}
