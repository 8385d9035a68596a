package keyring

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// minSecret is the least length of a master secret: as many bits as the keys made from it.
const minSecret = 32

// A sealed blob is version ‖ secret id ‖ nonce ‖ ciphertext and tag.
const (
	sealVersion = 1
	secretIDLen = 8
	nonceLen    = 12
	sealHeader  = 1 + secretIDLen + nonceLen
)

var (
	errOtherSecret = errors.New("it was sealed under another secret")
	errTampered    = errors.New("it is not what was sealed for this key")
)

// Derive makes a 32-byte key for one purpose from the master secret: HKDF-SHA256 (RFC 5869) with
// the label as info. Different labels give unrelated keys.
func Derive(secret []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, label, 32)
	if err != nil {
		panic(err) // only a length above 255 hashes can fail
	}
	return key
}

// sealer seals under the first secret and opens what any of them sealed.
type sealer []sealKey

type sealKey struct {
	id   []byte // says which secret it was, and nothing about it
	aead cipher.AEAD
}

func newSealer(secrets [][]byte) (sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("keyring: no secret is set")
	}
	s := make(sealer, 0, len(secrets))
	for _, secret := range secrets {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("keyring: a secret is shorter than %d bytes", minSecret)
		}
		block, err := aes.NewCipher(Derive(secret, "latchkey/signing-key-seal/1"))
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

// seal encrypts a private key. It can only be opened again for the same kid and algorithm, so that
// no row can take the place of another.
func (s sealer) seal(kid, alg string, plain []byte) []byte {
	blob := make([]byte, sealHeader, sealHeader+len(plain)+s[0].aead.Overhead())
	blob[0] = sealVersion
	copy(blob[1:], s[0].id)
	nonce := blob[1+secretIDLen:]
	_, _ = rand.Read(nonce) // never fails: it ends the program instead
	return s[0].aead.Seal(blob, nonce, plain, boundTo(kid, alg))
}

// open decrypts what seal made for the same kid and algorithm.
func (s sealer) open(kid, alg string, blob []byte) ([]byte, error) {
	if len(blob) < sealHeader || blob[0] != sealVersion {
		return nil, errTampered
	}
	id, nonce := blob[1:1+secretIDLen], blob[1+secretIDLen:sealHeader]
	for _, k := range s {
		if !bytes.Equal(k.id, id) {
			continue
		}
		plain, err := k.aead.Open(nil, nonce, blob[sealHeader:], boundTo(kid, alg))
		if err != nil {
			return nil, errTampered
		}
		return plain, nil
	}
	return nil, errOtherSecret
}

// current says whether a blob was sealed under the first secret.
func (s sealer) current(blob []byte) bool {
	return len(blob) >= sealHeader && bytes.Equal(s[0].id, blob[1:1+secretIDLen])
}

// boundTo is the associated data: purpose, kid and algorithm, none of which can hold a NUL.
func boundTo(kid, alg string) []byte {
	return []byte("latchkey/signing-key/1\x00" + kid + "\x00" + alg)
}
