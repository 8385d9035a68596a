package keyring

import (
	"crypto/hmac"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/claims"
)

var sharedKey = []byte("q6s7HcHkW3l0a9mUuTzXv5nYpEwRtB2dJgKfLiOxN4M")

func newVault(t *testing.T, secrets ...[]byte) *Vault {
	t.Helper()
	v, err := NewVault(secrets)
	require.NoError(t, err)
	return v
}

func TestVault(t *testing.T) {
	t.Parallel()
	old := newVault(t, secretA)
	sealed := old.Seal("realm", sharedKey)
	require.NotContains(t, string(sealed), string(sharedKey))
	require.NotEqual(t, sealed, old.Seal("realm", sharedKey), "each seal has a fresh nonce")
	require.True(t, old.Current(sealed))

	both := newVault(t, secretB, secretA)
	require.False(t, both.Current(sealed))
	require.False(t, both.Current(nil))
	for _, v := range []*Vault{old, both} {
		got, err := v.Open("realm", sealed)
		require.NoError(t, err)
		require.Equal(t, sharedKey, got)
	}
	_, err := newVault(t, secretB).Open("realm", sealed)
	require.ErrorIs(t, err, errOtherSecret)
	require.ErrorContains(t, err, "set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE to the secret with which the service has used this database")
	for _, client := range []string{"mler", "", "realm\x00"} {
		_, err = old.Open(client, sealed)
		require.ErrorIs(t, err, errTampered, "it is the key of another client")
	}
	_, err = old.Open("realm", nil)
	require.ErrorIs(t, err, errTampered)

	ring := open(t, &memoryStore{}, Options{Secrets: [][]byte{secretA}})
	_, err = ring.sealer.openAs(clientKey("realm"), sealed)
	require.ErrorIs(t, err, errTampered, "private keys are sealed with another key")
	_, err = NewVault([][]byte{[]byte("short")})
	require.ErrorContains(t, err, "shorter than 32 bytes")
}

// A token for a third party has the header that such parties expect, and is verified with nothing but HMAC.
func TestSignShared(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {Type: TypeJWT}} {
		r := open(t, &memoryStore{}, o)
		token, err := r.SignShared(claimsAt(epoch), sharedKey)
		require.NoError(t, err)
		segments := strings.Split(token, ".")
		require.Len(t, segments, 3)
		decode := func(i int) []byte {
			plain, err := b64url.DecodeString(segments[i])
			require.NoError(t, err)
			return plain
		}
		require.JSONEq(t, `{"alg":"HS256","typ":"JWT"}`, string(decode(0)))
		require.True(t, hmac.Equal(hs256(sharedKey)([]byte(segments[0]+"."+segments[1])), decode(2)))

		_, err = r.Verify(token)
		require.ErrorIs(t, err, ErrInvalidToken, "the service accepts no such token")
		require.Len(t, r.Keys(), 1, "the key is not published")
	}
}

func TestSignSharedRejects(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	long := claimsAt(epoch)
	long.Extra = map[string]any{"a": strings.Repeat("x", maxSharedToken)}
	taken := claimsAt(epoch)
	taken.Extra = map[string]any{"exp": 1}
	for want, c := range map[string]struct {
		claims Claims
		key    []byte
	}{
		"has 31 bytes, fewer than 32": {claimsAt(epoch), sharedKey[:31]},
		"has 0 bytes, fewer than 32":  {claimsAt(epoch), nil},
		"limit of 7168":               {long, sharedKey},
		"duplicate name":              {taken, sharedKey},
		"needs sub":                   {Claims{}, sharedKey},
	} {
		_, err := r.SignShared(c.claims, c.key)
		require.ErrorContains(t, err, want)
	}
}

// No header makes the service accept a token that was signed with the key of a client.
func TestSharedKeyForgesNothing(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {Type: TypeJWT}} {
		r := open(t, &memoryStore{}, o)
		for _, header := range []string{
			`{"alg":"HS256","typ":"JWT"}`, `{"alg":"HS256","typ":"at+jwt"}`, `{"alg":"HS256"}`,
			`{"alg":"HS256","typ":"JWT","kid":"KID"}`, `{"alg":"HS256","typ":"at+jwt","kid":"KID"}`,
			`{"alg":"ES256","typ":"JWT","kid":"KID"}`, `{"alg":"ES256","typ":"at+jwt","kid":"KID"}`,
			`{"alg":"HS256","typ":"at+jwt","kid":"realm"}`, `{"alg":"HS256","typ":"at+jwt","kid":""}`,
			`{"alg":"none","typ":"at+jwt","kid":"KID"}`, `{"alg":"HS512","typ":"at+jwt","kid":"KID"}`,
		} {
			c := tokenCase{header: header, signer: hs256(sharedKey)}
			_, err := r.Verify(c.build(t, r))
			require.ErrorIs(t, err, ErrInvalidToken, header)
		}
	}
}

// No client can have an extra claim with the name of one that the service sets.
func TestOwnClaimsAreReserved(t *testing.T) {
	t.Parallel()
	own := reflect.TypeFor[payload]()
	for i := range own.NumField() {
		name, _, _ := strings.Cut(own.Field(i).Tag.Get("json"), ",")
		require.Contains(t, claims.Reserved, name)
	}
}
