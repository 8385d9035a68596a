package keyring

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Types of a token, the typ header: that of RFC 9068 §2.1, and the one that older libraries want.
const (
	TypeAccessToken = "at+jwt"
	TypeJWT         = "JWT"
)

// Options of a Ring.
type Options struct {
	Secrets   [][]byte         // master secrets of at least 32 bytes: the first seals, all open
	Algorithm string           // of new keys: ES256 (default), RS256, EdDSA
	Issuer    string           // iss, exactly
	Audience  string           // our own aud, which Verify demands; default: the issuer
	Type      string           // typ: at+jwt (default) or JWT
	MaxLife   time.Duration    // the longest exp - iat that is accepted; default: an hour
	Leeway    time.Duration    // for clocks that differ; default: a minute
	Now       func() time.Time // default: time.Now

	Period     time.Duration // how long a key signs; default: 30 days
	Prepublish time.Duration // how long it is published before that; default: a day
	CacheAge   time.Duration // how long verifiers keep the key set, its max-age; default: 5 minutes
	Poll       time.Duration // how often Maintain is called; default: 10 seconds
}

// LeastLead is how long before its first signature a key must be published, so that every verifier
// has it: a replica polls it, a verifier had asked just before, its answer is kept for CacheAge, and
// clocks differ.
func (o Options) LeastLead() time.Duration { return o.CacheAge + 2*o.Poll + o.Leeway }

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
	span(&o.MaxLife, time.Hour)
	span(&o.Leeway, time.Minute)
	span(&o.Period, 30*24*time.Hour)
	span(&o.Prepublish, 24*time.Hour)
	span(&o.CacheAge, 5*time.Minute)
	span(&o.Poll, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func check(o Options) error {
	switch {
	case o.Type != TypeAccessToken && o.Type != TypeJWT:
		return fmt.Errorf("keyring: the type of tokens is %q: choose %s or %s", o.Type, TypeAccessToken, TypeJWT)
	case o.Algorithm != "" && !slices.Contains([]string{ES256, RS256, EdDSA}, o.Algorithm):
		return fmt.Errorf("keyring: there is no algorithm %q: choose ES256, RS256 or EdDSA", o.Algorithm)
	case o.Prepublish < o.LeastLead():
		return fmt.Errorf("keyring: a key must be published %v before it signs, not %v", o.LeastLead(), o.Prepublish)
	case o.Period < o.Prepublish:
		return errors.New("keyring: a key must sign for longer than it is published before")
	}
	return nil
}
