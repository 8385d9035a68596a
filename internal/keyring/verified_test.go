package keyring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// remembered reports whether the ring has verified the signature of a token before.
func remembered(r *Ring, token string) bool {
	id := hashToken(token)
	_, claims := r.verified.find(id)
	_, signature := r.signatures.find(id)
	return claims || signature
}

// mintRemembered returns a token that the ring has verified before.
func mintRemembered(t *testing.T, r *Ring) string {
	t.Helper()
	token := mint(t, r)
	_, err := r.Verify(token)
	require.NoError(t, err)
	require.True(t, remembered(r, token))
	return token
}

func TestVerifyTwice(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	token := mintRemembered(t, r)
	for range 3 {
		claims, err := r.Verify(token)
		require.NoError(t, err)
		require.Equal(t, claimsAt(r.now()), claims)
		claims.Scopes[0], claims.Roles[0], claims.Audience[0] = "changed", "changed", "changed" // by a careless caller
	}
}

func TestRememberedTokenExpires(t *testing.T) {
	t.Parallel()
	now := newClock()
	r := open(t, &memoryStore{}, Options{Now: now.Now})
	token := mintRemembered(t, r)
	now.add(15*time.Minute + time.Minute - time.Second) // the lifetime and the leeway
	_, err := r.Verify(token)
	require.NoError(t, err)
	now.add(time.Second)
	_, err = r.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken)
	now.set(epoch.Add(-time.Hour)) // a clock that is set back
	_, err = r.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken)
}

func TestRememberedTokenOfRevokedKey(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	r, other := open(t, store, Options{}), open(t, store, Options{})
	token := mintRemembered(t, r)
	_, err := other.Verify(token)
	require.NoError(t, err)
	require.NoError(t, r.Revoke(t.Context(), r.List()[0].ID))
	_, err = r.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken)
	require.NoError(t, other.Refresh(t.Context()))
	_, err = other.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken)
}

func TestInvalidTokensAreNotRemembered(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	valid := mintRemembered(t, r)
	for i := 0; i < len(valid); i += 7 {
		changed := []byte(valid)
		changed[i] = map[bool]byte{true: 'B', false: 'A'}[changed[i] == 'A']
		_, err := r.Verify(string(changed))
		require.ErrorIs(t, err, ErrInvalidToken)
		require.False(t, remembered(r, string(changed)))
	}
	expired, err := r.Sign(claimsAt(r.now().Add(-time.Hour)))
	require.NoError(t, err)
	_, err = r.Verify(expired)
	require.ErrorIs(t, err, ErrInvalidToken)
	_, ok := r.verified.find(hashToken(expired))
	require.False(t, ok)
}

// The signature of a token that the ring has signed is known to be valid; everything else about it is checked.
func TestOwnSignaturesAreRemembered(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	r, other := open(t, store, Options{}), open(t, store, Options{})
	token := mint(t, r)
	require.True(t, remembered(r, token))
	require.False(t, remembered(other, token))
	for _, ring := range []*Ring{r, other} {
		claims, err := ring.Verify(token)
		require.NoError(t, err)
		require.Equal(t, claimsAt(r.now()), claims)
	}
	elsewhere, err := r.Sign(Claims{Issuer: "https://elsewhere.example", Subject: "s", ID: "j", ClientID: "c", ExpiresAt: epoch.Add(time.Minute), IssuedAt: epoch})
	require.NoError(t, err)
	_, err = r.Verify(elsewhere)
	require.ErrorIs(t, err, ErrInvalidToken)
	unused := mint(t, r)
	require.NoError(t, r.Revoke(t.Context(), r.List()[0].ID))
	_, err = r.Verify(unused)
	require.ErrorIs(t, err, ErrInvalidToken, "the key has been revoked")
}

// A remembered header means what it means when it is parsed, for as long as its key is published.
func TestRememberedHeaders(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	token, err := parseCompact(mintRemembered(t, r))
	require.NoError(t, err)
	_, ok := r.headers.find(string(token.header))
	require.True(t, ok, "not remembered")
	known, knownType, err := r.keyFor(token.header)
	require.NoError(t, err)
	r.headers.entries.Clear()
	parsed, parsedType, err := r.keyFor(token.header)
	require.NoError(t, err)
	require.Same(t, parsed, known)
	require.Equal(t, parsedType, knownType)

	mintRemembered(t, r)
	require.NoError(t, r.Revoke(t.Context(), r.List()[0].ID))
	_, _, err = r.keyFor(token.header)
	require.ErrorIs(t, err, errUnknownKey)
}

// What is remembered of more tokens than whose claims are is only that the signature is valid.
func TestRememberedSignatures(t *testing.T) {
	t.Parallel()
	now := newClock()
	r := open(t, &memoryStore{}, Options{Now: now.Now})
	token := mintRemembered(t, r)
	forgetClaims := r.verified.entries.Clear
	forgetClaims()
	claims, err := r.Verify(token)
	require.NoError(t, err)
	require.Equal(t, claimsAt(r.now()), claims)
	forgetClaims()
	now.add(time.Hour)
	_, err = r.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken, "expired")
	now.add(-time.Hour)
	require.NoError(t, r.Revoke(t.Context(), r.List()[0].ID))
	_, err = r.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken, "the key has been revoked")
}

func BenchmarkVerify(b *testing.B) {
	r, err := Open(b.Context(), &memoryStore{}, options(Options{}))
	require.NoError(b, err)
	token, err := r.Sign(claimsAt(r.now()))
	require.NoError(b, err)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			r.verified.entries.Clear()
			r.signatures.entries.Clear()
			_, err = r.Verify(token)
		}
	})
	b.Run("signature", func(b *testing.B) {
		for b.Loop() {
			r.verified.entries.Clear()
			_, err = r.Verify(token)
		}
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			_, err = r.Verify(token)
		}
	})
	require.NoError(b, err)
}
