package oauth

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClientMatches(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	secret := func(text string, expires time.Time) ClientSecret {
		hash := sha256.Sum256([]byte(text))
		return ClientSecret{Hash: hash[:], ExpiresAt: expires}
	}
	rotating := Client{Secrets: []ClientSecret{secret("old", now.Add(time.Second)), secret("new", time.Time{})}}
	for name, c := range map[string]struct {
		client Client
		secret string
		at     time.Time
		right  bool
	}{
		"public, no secret":                      {client: Client{Public: true}, right: true},
		"public, a secret":                       {client: Client{Public: true}, secret: "x"},
		"confidential without secrets":           {},
		"confidential without secrets, a secret": {secret: "x"},
		"the old one":                            {client: rotating, secret: "old", right: true},
		"the new one":                            {client: rotating, secret: "new", right: true},
		"neither":                                {client: rotating, secret: "other"},
		"empty":                                  {client: rotating},
		"the old one when it expires":            {client: rotating, secret: "old", at: now.Add(time.Second)},
		"the new one after that":                 {client: rotating, secret: "new", at: now.Add(time.Hour), right: true},
		"one secret, stored twice":               {client: Client{Secrets: []ClientSecret{secret("a", time.Time{}), secret("a", time.Time{})}}, secret: "a", right: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.at.IsZero() {
				c.at = now
			}
			require.Equal(t, c.right, c.client.matches(c.secret, c.at))
		})
	}
}
