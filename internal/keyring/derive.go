package keyring

import (
	"crypto/hkdf"
	"crypto/sha256"
)

// Derive returns a 32-byte key for one purpose, derived from the master secret with HKDF-SHA256
// (RFC 5869). The label is the info parameter; keys with different labels are independent.
func Derive(secret []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, label, 32)
	if err != nil {
		panic(err) // fails only for more than 255 blocks of output
	}
	return key
}
