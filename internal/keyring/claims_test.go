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
