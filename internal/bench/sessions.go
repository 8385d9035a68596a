//go:build unix

package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// refreshToken returns the first refresh token of a session, as internal/oauth/refresh_token_format.go
// describes it. So a million sessions need no million sign-ins.
func refreshToken(secret string, family []byte) string {
	key := keyring.Derive([]byte(secret), "refresh-token")
	number := sha256.Sum256(append([]byte("refresh key number"), key...))
	raw := append([]byte{0x01, number[0]}, family...)
	raw = binary.AppendUvarint(raw, 0)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("rt1"))
	mac.Write(raw)
	return "rt_" + base64.RawURLEncoding.EncodeToString(mac.Sum(raw))
}

// sampleUsers returns users spread evenly over all users of a world, each with the refresh token of its
// session.
func (w *world) sampleUsers(most int) []user {
	users := make([]user, min(w.users, most))
	for i := range users {
		n := i * w.users / len(users)
		users[i] = user{name: username(n), password: sharedPassword, refresh: refreshToken(w.secret, family(n))}
	}
	return users
}

// refreshAll refreshes every session once, so that every user has an access token.
func (e endpoints) refreshAll(ctx context.Context, address string, users []user) error {
	const workers = 16
	errs := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			c := &conn{address: address}
			defer c.close()
			for i := worker; i < len(users) && errs[worker] == nil; i += workers {
				if o, err := e.refresh(ctx, c, &users[i]); o != done {
					errs[worker] = fmt.Errorf("cannot refresh the session of %s: %w", users[i].name, err)
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
