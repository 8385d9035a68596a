package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// keysInMemory stores signing keys.
type keysInMemory struct {
	keyring.Store
	rows []keyring.SigningKey
}

func (k *keysInMemory) SigningKeys(context.Context) ([]keyring.SigningKey, error) { return k.rows, nil }

func (k *keysInMemory) AddSigningKey(_ context.Context, row keyring.SigningKey) error {
	if len(k.rows) > 0 {
		return fault.ErrAlreadyExists
	}
	k.rows = append(k.rows, row)
	return nil
}

// signedAt is when the tokens of TestExplanationAgreesWithVerify are signed.
var signedAt = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	ownIssuer   = "https://id.example"
	jwtAudience = "https://old.example"
	tenMinutes  = 10 * time.Minute
)

// An explanation and the check of an operation agree on the same token.
func TestExplanationAgreesWithVerify(t *testing.T) {
	t.Parallel()
	both := []string{ownIssuer, jwtAudience}
	for name, c := range map[string]struct {
		signer   keyring.Options // what differs from those of the service
		audience []string
		after    time.Duration
		valid    bool
	}{
		"fresh":                          {valid: true},
		"just expired":                   {after: tenMinutes, valid: true},
		"at the end of the leeway":       {after: tenMinutes + keyring.Leeway - time.Second, valid: true},
		"after the leeway":               {after: tenMinutes + keyring.Leeway},
		"from a clock that is ahead":     {after: -keyring.Leeway, valid: true},
		"from a clock too far ahead":     {after: -keyring.Leeway - time.Second},
		"typ JWT":                        {signer: keyring.Options{Type: keyring.TypeJWT}},
		"typ JWT for an audience":        {audience: both, valid: true},
		"typ at+jwt for an audience":     {signer: keyring.Options{JWTFor: []string{"nobody"}}, audience: both},
		"of another issuer":              {signer: keyring.Options{Issuer: "https://other.example"}},
		"for another audience":           {audience: []string{"https://other.example"}},
		"for this audience and a second": {audience: []string{"https://other.example", ownIssuer}, valid: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &keysInMemory{}
			signer := ringWith(t, store, c.signer, signedAt)
			token, err := signer.Sign(keyring.Claims{
				Subject: "u", Audience: c.audience, IssuedAt: signedAt, ExpiresAt: signedAt.Add(tenMinutes),
				ID: "j", ClientID: "web", SessionID: "s", Scopes: []string{"profile"},
			})
			require.NoError(t, err)
			verifier := ringWith(t, store, keyring.Options{}, signedAt.Add(c.after))
			_, err = verifier.Verify(token)
			require.Equal(t, c.valid, err == nil, "%v", err)

			e, err := oauth.Explainer{
				Tokens: tokenReader{store}, Issuer: ownIssuer, Audience: ownIssuer, Leeway: keyring.Leeway, TypeFor: verifier.TypeFor,
				Now: func() time.Time { return signedAt.Add(c.after) },
			}.Explain(t.Context(), token, oauth.Requirement{})
			require.NoError(t, err)
			require.Equal(t, c.valid, e.Rejected == "", "%+v", e.Checks)
		})
	}
}

// ringWith opens the keys of a store with the options of the service, of which some differ.
func ringWith(t *testing.T, store keyring.Store, o keyring.Options, now time.Time) *keyring.Ring {
	t.Helper()
	o.Secrets, o.Now = [][]byte{[]byte(strings.Repeat("s", 32))}, func() time.Time { return now }
	if o.Issuer == "" {
		o.Issuer = ownIssuer
	}
	if o.JWTFor == nil {
		o.JWTFor = []string{jwtAudience}
	}
	ring, err := keyring.Open(t.Context(), store, o)
	require.NoError(t, err)
	return ring
}
