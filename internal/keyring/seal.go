package keyring

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// minSecret is the minimum length of a master secret: that of the keys derived from it.
const minSecret = 32

// The layout of a sealed blob: version ‖ secret ID ‖ nonce ‖ ciphertext and tag.
const (
	sealVersion = 1
	secretIDLen = 8
	nonceLen    = 12
	sealHeader  = 1 + secretIDLen + nonceLen
)

var (
	errOtherSecret = errors.New("it is sealed with another secret")
	errTampered    = errors.New("it is corrupt or has been modified")
)

// sealer encrypts with the first secret and decrypts with whichever secret was used.
type sealer []sealKey

type sealKey struct {
	id   []byte // identifies the secret without revealing anything about it
	aead cipher.AEAD
}

// newSealer returns the sealer of private keys.
func newSealer(secrets [][]byte) (sealer, error) {
	return newSealerFor(secrets, "latchkey/signing-key-seal/1")
}

// newSealerFor returns a sealer whose keys are derived from the secrets for one purpose.
func newSealerFor(secrets [][]byte, label string) (sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("keyring: no secret is set")
	}
	s := make(sealer, 0, len(secrets))
	for _, secret := range secrets {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("keyring: a secret is shorter than %d bytes", minSecret)
		}
		block, err := aes.NewCipher(Derive(secret, label))
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		s = append(s, sealKey{Derive(secret, "latchkey/secret-id/1")[:secretIDLen], aead})
	}
	return s, nil
}

// seal encrypts a private key and binds it to its kid and algorithm, so that it cannot be moved to
// another row.
func (s sealer) seal(kid, alg string, plain []byte) []byte {
	return s.sealAs(associatedData(kid, alg), plain)
}

// sealAs encrypts a text and binds it to what it is.
func (s sealer) sealAs(what, plain []byte) []byte {
	blob := make([]byte, sealHeader, sealHeader+len(plain)+s[0].aead.Overhead())
	blob[0] = sealVersion
	copy(blob[1:], s[0].id)
	nonce := blob[1+secretIDLen:]
	_, _ = rand.Read(nonce) // never fails: it crashes the program instead
	return s[0].aead.Seal(blob, nonce, plain, what)
}

// open decrypts a blob that seal returned for the same kid and algorithm.
func (s sealer) open(kid, alg string, blob []byte) ([]byte, error) {
	return s.openAs(associatedData(kid, alg), blob)
}

// openAs decrypts a blob that sealAs returned for the same what.
func (s sealer) openAs(what, blob []byte) ([]byte, error) {
	if len(blob) < sealHeader || blob[0] != sealVersion {
		return nil, errTampered
	}
	id, nonce := blob[1:1+secretIDLen], blob[1+secretIDLen:sealHeader]
	for _, k := range s {
		if !bytes.Equal(k.id, id) {
			continue
		}
		plain, err := k.aead.Open(nil, nonce, blob[sealHeader:], what)
		if err != nil {
			return nil, errTampered
		}
		return plain, nil
	}
	return nil, errOtherSecret
}

// current reports whether a blob is sealed with the first secret.
func (s sealer) current(blob []byte) bool {
	return len(blob) >= sealHeader && bytes.Equal(s[0].id, blob[1:1+secretIDLen])
}

// associatedData is the purpose, the kid and the algorithm. None of them can contain a NUL.
func associatedData(kid, alg string) []byte {
	return []byte("latchkey/signing-key/1\x00" + kid + "\x00" + alg)
}
