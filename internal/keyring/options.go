package keyring

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Values of the typ header: that of RFC 9068 §2.1, and the one that older libraries require.
const (
	TypeAccessToken = "at+jwt"
	TypeJWT         = "JWT"
)

const (
	// MaxLifetime is the longest accepted exp - iat. Nobody can ask for more: the settings, the clients and the
	// token service have the same limit.
	MaxLifetime = time.Hour
	// CacheAge is how long verifiers may cache the JWKS: its max-age.
	CacheAge = 5 * time.Minute
	// Poll is how often Maintain must be called.
	Poll = 10 * time.Second
	// LeastLead is how long a key must be published before it signs, so that every verifier has it by then. A
	// replica sees the key at its next poll; a verifier may have fetched the JWKS from that replica just before,
	// and caches it for CacheAge; and clocks differ.
	LeastLead = CacheAge + 2*Poll + Leeway
	// Leeway is the largest difference between clocks: for so long Verify still accepts an expired token.
	Leeway = time.Minute
)

// Options configure a Ring.
type Options struct {
	Secrets   [][]byte         // master secrets of at least 32 bytes: the first seals, all open
	Algorithm string           // of new keys: ES256 (default), RS256 or EdDSA
	Issuer    string           // iss, compared exactly
	Audience  string           // the aud that Verify requires; default: the issuer
	Type      string           // typ: at+jwt (default) or JWT
	JWTFor    []string         // audiences whose tokens have the typ JWT
	Now       func() time.Time // default: time.Now

	Period     time.Duration // how long a key signs; default: 30 days
	Prepublish time.Duration // how long a key is published before it signs; default: 1 day
}

// TypeFor returns the typ that a ring gives to a token with an audience, and requires of it. It is JWT if one of
// those who receive the token needs that. An empty audience is that of the ring.
func (o Options) TypeFor(audience []string) string {
	if len(audience) == 0 {
		audience = []string{o.Audience}
	}
	if slices.ContainsFunc(audience, func(aud string) bool { return slices.Contains(o.JWTFor, aud) }) {
		return TypeJWT
	}
	return o.Type
}

func withDefaults(o Options) Options {
	text := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	span := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	text(&o.Type, TypeAccessToken)
	text(&o.Audience, o.Issuer)
	span(&o.Period, 30*24*time.Hour)
	span(&o.Prepublish, 24*time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func check(o Options) error {
	switch {
	case o.Type != TypeAccessToken && o.Type != TypeJWT:
		return fmt.Errorf("keyring: unknown token type %q; choose %s or %s", o.Type, TypeAccessToken, TypeJWT)
	case o.Algorithm != "" && !slices.Contains([]string{ES256, RS256, EdDSA}, o.Algorithm):
		return fmt.Errorf("keyring: unknown algorithm %q; choose ES256, RS256 or EdDSA", o.Algorithm)
	case o.Prepublish < LeastLead:
		return fmt.Errorf("keyring: a key must be published at least %v before it signs, not %v", LeastLead, o.Prepublish)
	case o.Period < o.Prepublish:
		return errors.New("keyring: a key must sign for at least as long as it is published in advance")
	}
	return nil
}
